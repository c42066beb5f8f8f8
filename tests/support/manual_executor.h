// ManualExecutor: runs its jobs when a test calls RunAll.

#ifndef APPCACHE_TESTS_SUPPORT_MANUAL_EXECUTOR_H_
#define APPCACHE_TESTS_SUPPORT_MANUAL_EXECUTOR_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

#include "appcache/executor.h"

namespace appcache {

// Not thread-safe.
class ManualExecutor final : public Executor {
 public:
  bool Run(std::function<void()> job) override {
    if (jobs_.size() >= room_) return false;
    jobs_.push_back(std::move(job));
    return true;
  }

  // The maximum number of waiting jobs.
  void set_room(size_t room) { room_ = room; }

  size_t waiting() const { return jobs_.size(); }

  // Runs the waiting jobs in order, and those that are added while it runs.
  void RunAll() {
    while (!jobs_.empty()) {
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      job();
    }
  }

  void DropAll() { jobs_.clear(); }

 private:
  size_t room_ = 1000;
  std::deque<std::function<void()>> jobs_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_MANUAL_EXECUTOR_H_
