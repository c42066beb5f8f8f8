// StatsResponder: answers `appcache stats` for a cache of the program.
//
// A thread that accesses the cache answers, after the access: nobody else is
// sure to have time, and a thread for it would have to be started in every
// program. The others that access the cache at that moment do not wait.

#ifndef APPCACHE_ENGINE_RECORD_STATS_RESPONDER_H_
#define APPCACHE_ENGINE_RECORD_STATS_RESPONDER_H_

#include <atomic>
#include <cstdint>

#include "appcache/function_ref.h"
#include "appcache/stats.h"
#include "engine/record/recorder_layout.h"
#include "engine/record/ring_writer.h"
#include "engine/record/stats_record.h"
#include "engine/support/fork_guard.h"
#include "engine/support/spin_lock.h"

namespace appcache::internal {

// Thread-safe. In a child that was forked after the responder was made, it
// answers nothing: the slot is that of the parent.
class StatsResponder {
 public:
  // Takes a slot of the file, or that of a process that has exited. Without a
  // free slot, the responder is counted in the file, and answers nothing.
  // `layout` must outlive it.
  StatsResponder(RecorderLayout& layout, const CacheNames& names,
                 uint64_t (*now_ms)() = MachineMilliseconds) noexcept;
  // Frees the slot.
  ~StatsResponder();
  StatsResponder(const StatsResponder&) = delete;
  StatsResponder& operator=(const StatsResponder&) = delete;

  // Calls `stats` and writes the result to the slot, if there is a question
  // that has not been answered, and no other thread answers it now. Withdraws a
  // question whose lease has expired. `stats` must not throw.
  void Answer(FunctionRef<CacheStats()> stats) noexcept;

 private:
  RecorderLayout& layout_;
  uint64_t (*const now_ms_)();
  const ForkGuard fork_guard_;
  StatsSlot* const slot_;  // null: there was none
  SpinLock writing_;
  StatsRecord record_ APPCACHE_GUARDED_BY(writing_);
  std::atomic<uint32_t> answered_{0};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_RECORD_STATS_RESPONDER_H_
