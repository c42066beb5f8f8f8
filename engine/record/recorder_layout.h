// The layout of a recorder file, which a program and the command map into their
// memories: a header of one page, the statistics of caches for `appcache
// stats`, and the ring of accesses for `appcache record`.
//
// The processes are of one machine and one user, so numbers are in the byte
// order of the machine. Every field that both use is a lock-free atomic.

#ifndef APPCACHE_ENGINE_RECORD_RECORDER_LAYOUT_H_
#define APPCACHE_ENGINE_RECORD_RECORDER_LAYOUT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace appcache::internal {

// The version, after the 13 bytes that every version starts with, changes with
// every change of the layout.
inline constexpr std::array<char, 16> kRecorderMagic = {
    'a', 'p', 'p', 'c', 'a', 'c', 'h', 'e', ' ', 'r', 'e', 'c', ' ', '2', '\n'};
inline constexpr size_t kRecorderNameBytes = 13;

inline constexpr size_t kRecorderSlots = size_t{1} << 15;
inline constexpr size_t kStatsSlots = 32;

struct RecorderHeader {
  std::array<char, 16> magic;

  // What commands want of the program: in the lower half the session, which is
  // a number from 1 to kMaxSession while accesses are recorded; in the upper
  // half the question, which is another number while statistics are awaited.
  // Written by commands; a program removes what has an expired lease. In a
  // cache line that rarely changes, because every access of the program reads
  // it.
  alignas(64) std::atomic<uint64_t> wanted;
  // The last session and the last question that there were.
  std::atomic<uint32_t> last_session;
  std::atomic<uint32_t> last_question;
  // The parameters of the session. They change while there is none.
  std::atomic<uint64_t> sample_seed;
  std::atomic<uint64_t> sample_threshold;  // hashes up to it are recorded
  std::atomic<uint64_t> secret_0;
  std::atomic<uint64_t> secret_1;
  std::atomic<uint64_t> start_ms;  // MachineMilliseconds
  // After this time nobody reads the ring any more.
  std::atomic<uint64_t> lease_ms;
  // After this time nobody awaits an answer to the question any more.
  std::atomic<uint64_t> question_lease_ms;
  // The process that made the file, and how many caches found all StatsSlots
  // in use.
  std::atomic<uint64_t> program;
  std::atomic<uint64_t> unlisted;

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

inline uint32_t SessionOf(uint64_t wanted) noexcept {
  return static_cast<uint32_t>(wanted);
}
inline uint32_t QuestionOf(uint64_t wanted) noexcept {
  return static_cast<uint32_t>(wanted >> 32);
}

inline void SetSession(RecorderHeader& header, uint32_t session) noexcept {
  uint64_t old = header.wanted.load(std::memory_order_relaxed);
  while (!header.wanted.compare_exchange_weak(
      old, uint64_t{QuestionOf(old)} << 32 | session)) {
  }
}
inline void SetQuestion(RecorderHeader& header, uint32_t question) noexcept {
  uint64_t old = header.wanted.load(std::memory_order_relaxed);
  while (!header.wanted.compare_exchange_weak(
      old, uint64_t{question} << 32 | SessionOf(old))) {
  }
}
// Each leaves a later session, or question, as it is.
inline void EndSession(RecorderHeader& header, uint32_t session) noexcept {
  uint64_t old = header.wanted.load(std::memory_order_relaxed);
  while (SessionOf(old) == session &&
         !header.wanted.compare_exchange_weak(old, old - session)) {
  }
}
inline void EndQuestion(RecorderHeader& header, uint32_t question) noexcept {
  uint64_t old = header.wanted.load(std::memory_order_relaxed);
  while (QuestionOf(old) == question &&
         !header.wanted.compare_exchange_weak(old, SessionOf(old))) {
  }
}

// The statistics of a cache, by stats_record.h. Whoever owns the slot writes
// it, with a sequence lock: `version` is odd while the words change, and as
// long as the slot is free. A checksum besides, because a program may be
// killed, and another process may write here what it should not.
struct alignas(64) StatsSlot {
  static constexpr size_t kWords = 125;

  std::atomic<uint64_t> owner;  // its process, or 0: free
  std::atomic<uint64_t> version;
  std::atomic<uint64_t> checksum;
  std::atomic<uint64_t> words[kWords];
};
static_assert(sizeof(StatsSlot) == 1024);

struct RecorderLayout {
  alignas(4096) RecorderHeader header;
  alignas(4096) StatsSlot stats[kStatsSlots];
  alignas(4096) RecorderSlot slots[kRecorderSlots];
};
static_assert(sizeof(RecorderLayout) ==
              4096 + kStatsSlots * 1024 + kRecorderSlots * 32);

// Of memory that is zero.
inline void InitialiseRecorder(RecorderLayout& layout) noexcept {
  for (size_t i = 0; i < kRecorderSlots; ++i) {
    layout.slots[i].turn.store(i, std::memory_order_relaxed);
  }
  for (StatsSlot& slot : layout.stats) {
    slot.version.store(1, std::memory_order_relaxed);
  }
  layout.header.magic = kRecorderMagic;
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_RECORDER_LAYOUT_H_
