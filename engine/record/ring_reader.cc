#include "engine/record/ring_reader.h"

#include <atomic>
#include <cmath>

#include "engine/support/test_point.h"

namespace appcache::internal {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kAcquire = std::memory_order_acquire;
constexpr auto kRelease = std::memory_order_release;

Status Corrupt() {
  return Status(ErrorCode::kCorrupt,
                "the recorder file is damaged; restart the program, which "
                "makes a new one");
}

AccessRecord Decode(uint64_t id, uint64_t session_kind_ttl,
                    uint64_t time_bytes) noexcept {
  AccessRecord record;
  record.id = id;
  record.kind = static_cast<AccessKind>(session_kind_ttl >> 42 & 3);
  record.ttl_ms = session_kind_ttl & ((uint64_t{1} << 42) - 1);
  record.time_ms = static_cast<uint32_t>(time_bytes >> 32);
  record.bytes = static_cast<uint32_t>(time_bytes);
  return record;
}

}  // namespace

uint64_t ThresholdFor(double share) noexcept {
  const double threshold = std::ldexp(share, 64);
  return threshold >= std::ldexp(1.0, 64) ? UINT64_MAX
                                          : static_cast<uint64_t>(threshold);
}

Status RingReader::Start(const RecordingParameters& parameters,
                         uint64_t now_ms) {
  Stop();
  RecorderHeader& header = layout_.header;
  // A record that is written later has the number of an earlier session.
  for (uint64_t taken = 0; taken <= kRecorderSlots; ++taken) {
    AccessRecord record;
    uint32_t session = 0;
    const Found found = Take(now_ms, false, record, session);
    if (found == Found::kCorrupt) return Corrupt();
    if (found == Found::kNothing) break;
  }
  counts_before_ = AllCounts();
  dropped_before_ = header.dropped.load(kRelaxed);
  retired_ = 0;
  session_ = header.last_session.load(kRelaxed) % kMaxSession + 1;
  header.last_session.store(session_, kRelaxed);
  // Releasing: who sees one of these values sees that the session has ended.
  header.sample_seed.store(parameters.seed, kRelease);
  header.sample_threshold.store(parameters.threshold, kRelease);
  header.secret_0.store(parameters.secret[0], kRelease);
  header.secret_1.store(parameters.secret[1], kRelease);
  header.start_ms.store(now_ms, kRelease);
  header.lease_ms.store(now_ms + kLeaseMs, kRelease);
  SetSession(header, session_);
  return Status();
}

bool RingReader::Renew(uint64_t now_ms) noexcept {
  layout_.header.lease_ms.store(now_ms + kLeaseMs, kRelease);
  return SessionOf(layout_.header.wanted.load(kRelaxed)) == session_;
}

Result<size_t> RingReader::Read(uint64_t now_ms, bool no_writers, size_t most,
                                std::vector<AccessRecord>& records) {
  size_t taken = 0;
  while (taken < most) {
    AccessRecord record;
    uint32_t session = 0;
    const Found found = Take(now_ms, no_writers, record, session);
    if (found == Found::kCorrupt) return Corrupt();
    if (found == Found::kNothing) break;
    ++taken;
    if (found == Found::kRecord && session == session_) {
      records.push_back(record);
    }
  }
  return taken;
}

void RingReader::Stop() noexcept {
  RecorderHeader& header = layout_.header;
  SetSession(header, 0);
  header.secret_0.store(0, kRelease);
  header.secret_1.store(0, kRelease);
}

RingReader::Counts RingReader::counts() const noexcept {
  const Counts all = AllCounts();
  return {all.gets - counts_before_.gets, all.hits - counts_before_.hits};
}

RingReader::Counts RingReader::AllCounts() const noexcept {
  Counts counts;
  for (const RecorderHeader::Stripe& stripe : layout_.header.stripes) {
    counts.gets += stripe.gets.load(kRelaxed);
    counts.hits += stripe.hits.load(kRelaxed);
  }
  return counts;
}

uint64_t RingReader::dropped() const noexcept {
  return layout_.header.dropped.load(kRelaxed) - dropped_before_ + retired_;
}

RingReader::Found RingReader::Take(uint64_t now_ms, bool no_writers,
                                   AccessRecord& record,
                                   uint32_t& session) noexcept {
  RecorderHeader& header = layout_.header;
  const uint64_t tail = header.tail.load(kRelaxed);
  RecorderSlot& slot = layout_.slots[tail % kRecorderSlots];
  const uint64_t turn = slot.turn.load(kAcquire);
  Found found = Found::kSkipped;
  if (turn == tail + 1) {
    const uint64_t session_kind_ttl = slot.session_kind_ttl.load(kRelaxed);
    record = Decode(slot.id.load(kRelaxed), session_kind_ttl,
                    slot.time_bytes.load(kRelaxed));
    session = static_cast<uint32_t>(session_kind_ttl >> 44);
    slot.turn.store(tail + kRecorderSlots, kRelease);
    TestPoint("ring slot read");
    found = Found::kRecord;
  } else {
    const uint64_t head = header.head.load(kAcquire);
    // One more than there are slots after a reader that was killed between the
    // two stores below; the slot is then free, or has a later record.
    if (head < tail || head - tail > kRecorderSlots + 1) return Found::kCorrupt;
    if (head == tail) return Found::kNothing;
    if (turn == tail) {
      if (!GiveUp(slot, now_ms, no_writers)) return Found::kNothing;
    } else if (turn != tail + kRecorderSlots &&
               turn != tail + kRecorderSlots + 1 &&
               turn != RecorderSlot::kRetired) {
      return Found::kCorrupt;
    }
  }
  header.tail.store(tail + 1, kRelaxed);
  return found;
}

bool RingReader::GiveUp(RecorderSlot& slot, uint64_t now_ms,
                        bool no_writers) noexcept {
  const uint64_t tail = layout_.header.tail.load(kRelaxed);
  if (stuck_at_ != tail) {
    stuck_at_ = tail;
    stuck_since_ms_ = now_ms;
  }
  if (!no_writers && now_ms - stuck_since_ms_ < kPatienceMs) return false;
  uint64_t turn = tail;
  if (!slot.turn.compare_exchange_strong(turn, RecorderSlot::kRetired)) {
    return false;  // it was written now
  }
  ++retired_;
  return true;
}

}  // namespace appcache::internal
