// The layout of a recorder file, which a program and `appcache record` map into
// their memories: a header of one page, then a ring of slots.
//
// Both processes are of one machine and one user, so numbers are in the byte
// order of the machine. Every field that both use is a lock-free atomic.

#ifndef APPCACHE_ENGINE_RECORD_RECORDER_LAYOUT_H_
#define APPCACHE_ENGINE_RECORD_RECORDER_LAYOUT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace appcache::internal {

// Changes with every change of the layout.
inline constexpr std::array<char, 16> kRecorderMagic = {
    'a', 'p', 'p', 'c', 'a', 'c', 'h', 'e', ' ', 'r', 'e', 'c', ' ', '1', '\n'};

inline constexpr size_t kRecorderSlots = size_t{1} << 15;

struct RecorderHeader {
  std::array<char, 16> magic;

  // What is recorded: a number from 1 to kMaxSession, or 0: nothing. Written by
  // the command; a program sets it to 0 when the lease has expired. In a cache
  // line that changes with the session only, because every access of the
  // program reads it.
  alignas(64) std::atomic<uint32_t> session;
  // The last session that there was.
  std::atomic<uint32_t> last_session;
  // The parameters of the session. They change while `session` is 0.
  std::atomic<uint64_t> sample_seed;
  std::atomic<uint64_t> sample_threshold;  // hashes up to it are recorded
  std::atomic<uint64_t> secret_0;
  std::atomic<uint64_t> secret_1;
  std::atomic<uint64_t> start_ms;  // MachineMilliseconds
  // After this time nobody reads the ring any more.
  std::atomic<uint64_t> lease_ms;

  // The position at which the next record is written; the number of records
  // that found the ring full. Written by the program.
  alignas(64) std::atomic<uint64_t> head;
  std::atomic<uint64_t> dropped;

  // The position of the next record to read. Written by the command.
  alignas(64) std::atomic<uint64_t> tail;

  // The gets, and those that were hits, of all keys during sessions, whether
  // the key is in the sample or not. Threads count in different stripes, and
  // the sums count.
  struct alignas(64) Stripe {
    std::atomic<uint64_t> gets;
    std::atomic<uint64_t> hits;
  };
  static constexpr size_t kStripes = 16;
  Stripe stripes[kStripes];
};
static_assert(sizeof(RecorderHeader) <= 4096);

// A slot of a bounded queue after Dmitry Vyukov. Position p uses the slot
// p % kRecorderSlots, whose `turn` says who may use it:
//
//   p                   free: whoever moves the head from p to p + 1 owns it
//   p + 1               has the record of position p
//   p + kRecorderSlots  free for the next round
//   kRetired            its owner was killed before it wrote the record, or was
//                       taken for that. Nobody writes to it any more
struct RecorderSlot {
  static constexpr uint64_t kRetired = UINT64_MAX;

  std::atomic<uint64_t> turn;
  std::atomic<uint64_t> id;
  // session: 20 bits, kind: 2 bits, ttl in milliseconds: 42 bits.
  std::atomic<uint64_t> session_kind_ttl;
  // time: 32 bits, bytes: 32 bits.
  std::atomic<uint64_t> time_bytes;
};
static_assert(sizeof(RecorderSlot) == 32);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

inline constexpr uint32_t kMaxSession = (uint32_t{1} << 20) - 1;

struct RecorderLayout {
  alignas(4096) RecorderHeader header;
  alignas(4096) RecorderSlot slots[kRecorderSlots];
};
static_assert(sizeof(RecorderLayout) == 4096 + kRecorderSlots * 32);

// Of memory that is zero.
inline void InitialiseRecorder(RecorderLayout& layout) noexcept {
  for (size_t i = 0; i < kRecorderSlots; ++i) {
    layout.slots[i].turn.store(i, std::memory_order_relaxed);
  }
  layout.header.magic = kRecorderMagic;
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_RECORDER_LAYOUT_H_
