// WatchRecorder: a listener that records its calls in order, for tests that
// wait for them.

#ifndef APPCACHE_TESTS_REDIS_WATCH_RECORDER_H_
#define APPCACHE_TESTS_REDIS_WATCH_RECORDER_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/clock.h"
#include "appcache/error.h"
#include "appcache/watch.h"

namespace appcache {

// Thread-safe. Expects of every watch that the times of heartbeats only grow,
// that a link is lost only after it was made, and that nothing is notified
// without a link.
class WatchRecorder final : public WatchListener {
 public:
  struct Event {
    enum class Kind { kLinked, kChanged, kAll, kHeartbeat, kLost };

    Kind kind;
    WatchMode mode = WatchMode::kTracking;  // of kLinked
    std::string path = {};                  // of kChanged: one path
    TimePoint up_to = {};                   // of kHeartbeat
    Status why = {};                        // of kLost
  };

  void OnLinked(WatchMode mode) noexcept override {
    EXPECT_FALSE(is_linked_);
    is_linked_ = true;
    Add({.kind = Event::Kind::kLinked, .mode = mode});
  }

  void OnChanged(std::span<const std::string_view> paths) noexcept override {
    EXPECT_TRUE(is_linked_);
    EXPECT_FALSE(paths.empty());
    largest_call_ = std::max(largest_call_.load(), paths.size());
    for (const std::string_view path : paths) {
      Add({.kind = Event::Kind::kChanged, .path = std::string(path)});
    }
    if (hook_) hook_();
  }

  void OnAllChanged() noexcept override {
    EXPECT_TRUE(is_linked_);
    Add({.kind = Event::Kind::kAll});
  }

  void OnHeartbeat(TimePoint up_to) noexcept override {
    EXPECT_TRUE(is_linked_);
    EXPECT_GE(up_to, latest_);
    latest_ = up_to;
    Add({.kind = Event::Kind::kHeartbeat, .up_to = up_to});
  }

  void OnLost(const Status& why) noexcept override {
    // A refusal is also reported without a link.
    EXPECT_TRUE(is_linked_ || why.Is(ErrorCode::kUnsupported));
    is_linked_ = false;
    Add({.kind = Event::Kind::kLost, .why = why});
  }

  // Called at the end of each OnChanged. REQUIRES: there is no watch yet.
  void set_hook(std::function<void()> hook) { hook_ = std::move(hook); }

  std::vector<Event> events() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return events_;
  }

  size_t size() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return events_.size();
  }

  // Waits for the first event of this kind at index `from` or later, and
  // returns its index. The test fails if there is none.
  size_t Await(Event::Kind kind, size_t from = 0) {
    return AwaitMatch([kind](const Event& event) { return event.kind == kind; },
                      from);
  }

  size_t AwaitMatch(const std::function<bool(const Event&)>& matches,
                    size_t from = 0) {
    constexpr std::chrono::seconds kPatience{60};
    std::unique_lock<std::mutex> lock(mutex_);
    size_t at = from;
    const bool found = added_.wait_for(lock, kPatience, [&] {
      while (at < events_.size() && !matches(events_[at])) ++at;
      return at < events_.size();
    });
    EXPECT_TRUE(found) << "no such event";
    return found ? at : 0;
  }

  // Waits until every change that was acknowledged before the call is notified.
  void Sync() {
    const TimePoint now = Clock::Steady()->Now();
    AwaitMatch(
        [now](const Event& event) {
          return event.kind == Event::Kind::kHeartbeat && event.up_to > now;
        },
        0);
  }

  // Sync, then the events since the last call of this function but heartbeats:
  // paths, "<all>", "<tracking>", "<announced>", "<lost>".
  std::vector<std::string> Notifications() {
    Sync();
    std::lock_guard<std::mutex> guard(mutex_);
    std::vector<std::string> notifications;
    for (; seen_ < events_.size(); ++seen_) {
      const Event& event = events_[seen_];
      if (event.kind == Event::Kind::kHeartbeat) continue;
      notifications.push_back(Describe(event));
    }
    return notifications;
  }

  // The largest number of paths in one call.
  size_t largest_call() const { return largest_call_; }

 private:
  static std::string Describe(const Event& event) {
    switch (event.kind) {
      case Event::Kind::kLinked:
        return "<" + std::string(ToString(event.mode)) + ">";
      case Event::Kind::kAll:
        return "<all>";
      case Event::Kind::kLost:
        return "<lost>";
      default:
        return event.path;
    }
  }

  void Add(Event event) {
    std::lock_guard<std::mutex> guard(mutex_);
    events_.push_back(std::move(event));
    added_.notify_all();
  }

  // Used by the thread of the watch only.
  bool is_linked_ = false;
  TimePoint latest_ = TimePoint::min();
  std::atomic<size_t> largest_call_{0};
  std::function<void()> hook_;

  mutable std::mutex mutex_;
  std::condition_variable added_;
  std::vector<Event> events_;  // guarded by mutex_
  size_t seen_ = 0;            // guarded by mutex_
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_REDIS_WATCH_RECORDER_H_
