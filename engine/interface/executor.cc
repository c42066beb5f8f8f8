#include "appcache/executor.h"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "engine/support/background_thread.h"
#include "engine/support/fork_guard.h"
#include "engine/support/mutex.h"

namespace appcache {

class ThreadExecutor::State {
 public:
  State(size_t max_threads, size_t max_queued)
      : max_threads_(std::max<size_t>(max_threads, 1)),
        max_unfinished_(max_threads_ +
                        std::min(max_queued, SIZE_MAX - max_threads_)) {}

  bool in_child() const noexcept { return fork_guard_.in_child(); }

  // `self` owns this object. New threads keep a copy of it.
  bool Run(std::function<void()> job, const std::shared_ptr<State>& self)
      APPCACHE_EXCLUDES(mutex_) {
    internal::MutexLock guard(mutex_);
    if (stopped_ || unfinished_ >= max_unfinished_) return false;
    if (threads_.size() < std::min(max_threads_, unfinished_ + 1)) {
      StartThread(self);
      if (threads_.empty()) return false;
    }
    jobs_.push_back(std::move(job));
    ++unfinished_;
    changed_.notify_one();
    return true;
  }

  void Stop() APPCACHE_EXCLUDES(mutex_) {
    std::deque<std::function<void()>> dropped;
    std::vector<std::thread> threads;
    {
      internal::MutexLock guard(mutex_);
      stopped_ = true;
      dropped.swap(jobs_);
      threads.swap(threads_);
    }
    changed_.notify_all();
    // Before the joins: a running job may wait for the end of a queued one.
    dropped.clear();
    for (std::thread& thread : threads) {
      if (thread.get_id() == std::this_thread::get_id()) {
        thread.detach();
      } else {
        thread.join();
      }
    }
  }

 private:
  void StartThread(const std::shared_ptr<State>& self)
      APPCACHE_REQUIRES(mutex_) {
    // Before the thread exists, which must be joined.
    threads_.reserve(threads_.size() + 1);
    try {
      threads_.push_back(
          internal::StartBackgroundThread([self] { self->Work(); }));
    } catch (const std::system_error&) {
      // The system refuses another thread; the pool works with those it has.
    }
  }

  void Work() APPCACHE_EXCLUDES(mutex_) {
    internal::UniqueMutexLock lock(mutex_);
    for (;;) {
      changed_.wait(lock.native(), [this]() APPCACHE_REQUIRES(mutex_) {
        return stopped_ || !jobs_.empty();
      });
      if (stopped_) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
      --unfinished_;
    }
  }

  const internal::ForkGuard fork_guard_;
  const size_t max_threads_;
  const size_t max_unfinished_;

  internal::Mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_ APPCACHE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ APPCACHE_GUARDED_BY(mutex_);
  // The jobs that are running or queued.
  size_t unfinished_ APPCACHE_GUARDED_BY(mutex_) = 0;
  bool stopped_ APPCACHE_GUARDED_BY(mutex_) = false;
};

ThreadExecutor::ThreadExecutor(size_t max_threads, size_t max_queued)
    : state_(std::make_shared<State>(max_threads, max_queued)) {}

ThreadExecutor::~ThreadExecutor() {
  if (state_->in_child()) {
    internal::LeakInChild(std::move(state_));
  } else {
    state_->Stop();
  }
}

bool ThreadExecutor::Run(std::function<void()> job) {
  return !state_->in_child() && state_->Run(std::move(job), state_);
}

}  // namespace appcache
