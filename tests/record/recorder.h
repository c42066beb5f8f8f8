// MemoryRecorder: the ring of a recorder in ordinary memory, with both of its
// sides and a clock that the test sets.

#ifndef APPCACHE_TESTS_RECORD_RECORDER_H_
#define APPCACHE_TESTS_RECORD_RECORDER_H_

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record/recorder_file.h"
#include "engine/record/ring_reader.h"
#include "engine/record/ring_writer.h"

namespace appcache {

inline std::atomic<uint64_t> recorder_test_ms{1'000'000};
inline uint64_t RecorderTestMs() { return recorder_test_ms; }

struct MemoryRecorder {
  MemoryRecorder() { internal::InitialiseRecorder(*layout); }

  // Of all keys, or of a share of them.
  Status Start(double share = 1) {
    return reader.Start({{1, 2}, 3, internal::ThresholdFor(share)},
                        recorder_test_ms);
  }

  void Write(AccessKind kind, std::string_view path, size_t value_bytes = 0,
             Ttl ttl = kNoTtl) {
    writer.Write(kind, path, value_bytes, ttl);
  }

  // What is in the ring.
  std::vector<internal::AccessRecord> Read(bool no_writers = false) {
    std::vector<internal::AccessRecord> records;
    const Result<size_t> taken = reader.Read(recorder_test_ms, no_writers,
                                             internal::kRecorderSlots, records);
    read_status = taken.status();
    return records;
  }

  static uint64_t IdOf(std::string_view path) {
    return internal::SipHash24({1, 2}, path);
  }

  const std::unique_ptr<internal::RecorderLayout> layout =
      std::make_unique<internal::RecorderLayout>();
  internal::RingWriter writer{*layout, RecorderTestMs};
  internal::RingReader reader{*layout};
  Status read_status;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_RECORD_RECORDER_H_
