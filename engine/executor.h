// Executor: who runs what need not be waited for.

#ifndef APPCACHE_ENGINE_EXECUTOR_H_
#define APPCACHE_ENGINE_EXECUTOR_H_

#include <cstddef>
#include <functional>
#include <memory>

namespace appcache {

// Implement it to have loads run where the program runs its other work.
//
// Thread safety: Run may be called from any threads at once, also by a job.
class Executor {
 public:
  virtual ~Executor() = default;

  // Has `job` run once, at any time, in any thread, and then destroyed. False:
  // it will not be run, because there is no room or no thread for it; the
  // caller has to do without. It should not wait for room. A job does not
  // throw. One that was accepted may still be dropped, unrun, when the executor
  // comes to its end. An exception says the same as false.
  virtual bool Run(std::function<void()> job) = 0;
};

// Threads of its own, made when there is work and kept until the end.
//
// The destructor waits for the jobs that are running, and drops those that
// wait. It may be called from a job, which it does not wait for.
//
// fork(). A child has none of the threads: there Run is false, and the
// destructor releases nothing.
class ThreadExecutor final : public Executor {
 public:
  static constexpr size_t kDefaultThreads = 4;
  static constexpr size_t kDefaultQueued = 64;

  // At most `max_threads` jobs run at once and `max_queued` wait; at least one
  // thread is taken for zero.
  explicit ThreadExecutor(size_t max_threads = kDefaultThreads,
                          size_t max_queued = kDefaultQueued);
  ~ThreadExecutor() override;
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  bool Run(std::function<void()> job) override;

 private:
  class State;

  // Its threads share it.
  std::shared_ptr<State> state_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_EXECUTOR_H_
