#include "engine/record/ring_writer.h"

#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <atomic>

#include "engine/record/sip_hash.h"
#include "engine/support/test_point.h"

namespace appcache::internal {
namespace {

// How often Push tries to get a slot while other threads take them, or slots
// are retired.
constexpr int kMaxAttempts = 100;

void CountGet(RecorderHeader& header, bool is_hit) noexcept {
  // Threads have different addresses for it.
  static thread_local char of_thread;
  const auto address = reinterpret_cast<uintptr_t>(&of_thread);
  const uint64_t spread = uint64_t{address} * 0x9e3779b97f4a7c15;
  RecorderHeader::Stripe& stripe =
      header.stripes[spread >> 32 & (RecorderHeader::kStripes - 1)];
  stripe.gets.fetch_add(1, std::memory_order_relaxed);
  if (is_hit) stripe.hits.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

uint64_t MachineMilliseconds() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 +
         static_cast<uint64_t>(time.tv_nsec) / 1'000'000;
}

// The parameters are read between two reads of the session: if it is the same
// session, they are its own. (A sequence lock; the acquiring reads keep their
// order, and see a change of the session before the new parameters.)
void RingWriter::Write(AccessKind kind, std::string_view path,
                       size_t value_bytes, Ttl ttl) noexcept {
  constexpr auto kAcquire = std::memory_order_acquire;
  RecorderHeader& header = layout_.header;
  const uint32_t session = SessionOf(header.wanted.load(kAcquire));
  if (session == 0) return;
  if (kind == AccessKind::kHit || kind == AccessKind::kMiss) {
    CountGet(header, kind == AccessKind::kHit);
  }
  const uint64_t seed = header.sample_seed.load(kAcquire);
  const uint64_t threshold = header.sample_threshold.load(kAcquire);
  if (XXH3_64bits_withSeed(path.data(), path.size(), seed) > threshold) return;
  const SipKey secret = {header.secret_0.load(kAcquire),
                         header.secret_1.load(kAcquire)};
  const uint64_t start_ms = header.start_ms.load(kAcquire);
  const uint64_t lease_ms = header.lease_ms.load(kAcquire);
  if (SessionOf(header.wanted.load(std::memory_order_relaxed)) != session) {
    return;
  }

  const uint64_t now_ms = now_ms_();
  if (now_ms > lease_ms) {
    EndSession(header, session);
    return;
  }
  const uint64_t time_ms = now_ms > start_ms ? now_ms - start_ms : 0;
  const auto ttl_ms =
      static_cast<uint64_t>(std::clamp(ttl, kNoTtl, kMaxTtl).count());
  const uint64_t bytes = uint64_t{path.size()} + value_bytes;
  const Record record{
      SipHash24(secret, path),
      uint64_t{session} << 44 | static_cast<uint64_t>(kind) << 42 | ttl_ms,
      std::min<uint64_t>(time_ms, UINT32_MAX) << 32 |
          std::min<uint64_t>(bytes, UINT32_MAX)};
  if (!Push(record)) header.dropped.fetch_add(1, std::memory_order_relaxed);
}

bool RingWriter::Push(const Record& record) noexcept {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  std::atomic<uint64_t>& head = layout_.header.head;
  uint64_t position = head.load(kRelaxed);
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    RecorderSlot& slot = layout_.slots[position % kRecorderSlots];
    uint64_t turn = slot.turn.load(std::memory_order_acquire);
    if (turn == RecorderSlot::kRetired) {
      if (position - layout_.header.tail.load(kRelaxed) >= kRecorderSlots) {
        return false;
      }
      if (head.compare_exchange_weak(position, position + 1, kRelaxed)) {
        ++position;
      }
    } else if (turn == position) {
      if (!head.compare_exchange_weak(position, position + 1, kRelaxed)) {
        continue;
      }
      TestPoint("ring slot claimed");
      slot.id.store(record.id, kRelaxed);
      slot.session_kind_ttl.store(record.session_kind_ttl, kRelaxed);
      slot.time_bytes.store(record.time_bytes, kRelaxed);
      // Fails if the reader has retired the slot, and has counted the record.
      slot.turn.compare_exchange_strong(turn, position + 1,
                                        std::memory_order_release);
      return true;
    } else if (turn < position) {
      return false;  // the record of the last round has not been read
    } else {
      position = head.load(kRelaxed);  // another thread was faster
    }
  }
  return false;
}

}  // namespace appcache::internal
