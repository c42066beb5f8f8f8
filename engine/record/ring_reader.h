// RingReader: the side of `appcache record` of a recorder file.

#ifndef APPCACHE_ENGINE_RECORD_RING_READER_H_
#define APPCACHE_ENGINE_RECORD_RING_READER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "appcache/access_recorder.h"
#include "appcache/error.h"
#include "engine/record/recorder_layout.h"
#include "engine/record/sip_hash.h"

namespace appcache::internal {

struct AccessRecord {
  uint64_t id = 0;  // of the key
  AccessKind kind = AccessKind::kMiss;
  uint64_t ttl_ms = 0;   // 0: none
  uint32_t bytes = 0;    // of the key path, and of the value if there is one
  uint32_t time_ms = 0;  // since the start of the session
};

// The keys of a session whose hash with `seed` is at most `threshold` are
// recorded, each under its hash with `secret`.
struct RecordingParameters {
  SipKey secret{};
  uint64_t seed = 0;
  uint64_t threshold = UINT64_MAX;
};

// The threshold for a share of the keys. REQUIRES: 0 < share <= 1.
uint64_t ThresholdFor(double share) noexcept;

// Does not trust the contents of the ring: a program that writes what it should
// not makes a wrong recording, and nothing else. There may be one reader at a
// time. Not thread-safe.
class RingReader {
 public:
  // A program records for so long after a renewal.
  static constexpr uint64_t kLeaseMs = 5000;
  // A slot that was claimed and not written for so long is retired.
  static constexpr uint64_t kPatienceMs = 1000;

  explicit RingReader(RecorderLayout& layout) noexcept : layout_(layout) {}
  // Ends the session and removes the secret.
  ~RingReader() { Stop(); }
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  // Discards what another reader has left, and starts a session. kCorrupt when
  // the positions of the ring make no sense.
  Status Start(const RecordingParameters& parameters, uint64_t now_ms);

  // Extends the lease. False when the program has ended the session, because
  // the lease had expired.
  bool Renew(uint64_t now_ms) noexcept;

  // Appends up to `most` records to `records`, and returns how many it took
  // from the ring, those of other sessions included. `no_writers`: a claimed
  // slot is not waited for, because nobody is left to write it. kCorrupt as for
  // Start.
  Result<size_t> Read(uint64_t now_ms, bool no_writers, size_t most,
                      std::vector<AccessRecord>& records);

  // Ends the session. What was recorded before can still be read.
  void Stop() noexcept;

  // The gets of all keys in this session.
  struct Counts {
    uint64_t gets = 0;
    uint64_t hits = 0;
  };
  Counts counts() const noexcept;

  // The records that the program dropped in this session because the ring was
  // full, or lost with their slots.
  uint64_t dropped() const noexcept;

 private:
  // Of all sessions.
  Counts AllCounts() const noexcept;

  enum class Found { kNothing, kRecord, kSkipped, kCorrupt };
  // Takes the record at the tail, if there is one.
  Found Take(uint64_t now_ms, bool no_writers, AccessRecord& record,
             uint32_t& session) noexcept;
  // Whether the record at the tail, whose slot is claimed, is given up.
  bool GiveUp(RecorderSlot& slot, uint64_t now_ms, bool no_writers) noexcept;

  RecorderLayout& layout_;
  uint32_t session_ = 0;
  Counts counts_before_;
  uint64_t dropped_before_ = 0;
  uint64_t retired_ = 0;
  // Since when the slot of this position is claimed and not written.
  uint64_t stuck_at_ = UINT64_MAX;
  uint64_t stuck_since_ms_ = 0;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_RING_READER_H_
