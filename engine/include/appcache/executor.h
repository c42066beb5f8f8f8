// Executor: runs background jobs.
//
// A cache runs loads in the background on an executor (LoadOptions::executor).
// ThreadExecutor has threads of its own; implement Executor to run the loads on
// threads that the program already has.

#ifndef APPCACHE_EXECUTOR_H_
#define APPCACHE_EXECUTOR_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "appcache/export.h"
#include "appcache/require_cxx20.h"

namespace appcache {

// Thread safety: Run may be called from any threads at once, also by a job.
class APPCACHE_EXPORT Executor {
 public:
  virtual ~Executor() = default;

  // Accepts `job`, and later runs it once, on any thread, and destroys it. May
  // drop an accepted job, without running it, when the executor is destroyed.
  // A job must not throw.
  //
  // Returns false, and does not run `job`, when there is no room or no thread
  // for it: it should not wait for room. An exception means the same as false.
  virtual bool Run(std::function<void()> job) = 0;
};

// A bounded pool of threads, with a bounded queue. Starts a thread when a job
// needs one, and keeps it.
//
// The destructor waits for the jobs that are running, and drops those that are
// queued. A job may destroy the executor, which then does not wait for that
// job.
//
// fork(): a forked child has none of the threads. There, Run returns false, and
// the destructor releases nothing.
class APPCACHE_EXPORT ThreadExecutor final : public Executor {
 public:
  static constexpr size_t kDefaultThreads = 4;
  static constexpr size_t kDefaultQueued = 64;

  // At most `max_threads` jobs run at once, and at most `max_queued` more wait.
  // Zero threads are taken as one. Starts no thread yet. Throws std::bad_alloc.
  explicit ThreadExecutor(size_t max_threads = kDefaultThreads,
                          size_t max_queued = kDefaultQueued);
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  // Returns false when `max_queued` jobs are waiting, in the destructor, and
  // when the system refuses the first thread. Throws std::bad_alloc.
  bool Run(std::function<void()> job) override;

 private:
  class State;

  // Shared with the threads.
  std::shared_ptr<State> state_;
};

}  // namespace appcache

#endif  // APPCACHE_EXECUTOR_H_
