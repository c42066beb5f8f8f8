// WatchRecorder: a listener that keeps what it is told, in order, for tests
// that wait for it.

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

#include "engine/clock.h"
#include "engine/error.h"
#include "engine/watch.h"

namespace appcache {

// Thread-safe. Checks what holds of every watch: moments only grow, it is lost
// only when it was linked, and told of nothing while it is not.
class WatchRecorder final : public WatchListener {
 public:
  struct Event {
    enum class Kind { kLinked, kChanged, kAll, kConfirmed, kLost };

    Kind kind;
    WatchMode mode = WatchMode::kTracking;  // of kLinked
    std::string path = {};                  // of kChanged: one of the paths
    TimePoint moment = {};                  // of kConfirmed
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

  void OnConfirmed(TimePoint moment) noexcept override {
    EXPECT_TRUE(is_linked_);
    EXPECT_GE(moment, latest_);
    latest_ = moment;
    Add({.kind = Event::Kind::kConfirmed, .moment = moment});
  }

  void OnLost(const Status& why) noexcept override {
    // Refused: also when it was not linked.
    EXPECT_TRUE(is_linked_ || why.Is(ErrorCode::kUnsupported));
    is_linked_ = false;
    Add({.kind = Event::Kind::kLost, .why = why});
  }

  // Called at the end of each OnChanged. To be set before there is a watch.
  void set_hook(std::function<void()> hook) { hook_ = std::move(hook); }

  std::vector<Event> events() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return events_;
  }

  size_t size() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return events_.size();
  }

  // Waits for the first event from `from` on that is such a one; its place. A
  // failure of the test if none comes.
  size_t Await(Event::Kind kind, size_t from = 0) {
    return AwaitThat([kind](const Event& event) { return event.kind == kind; },
                     from);
  }

  size_t AwaitThat(const std::function<bool(const Event&)>& is_it,
                   size_t from = 0) {
    constexpr std::chrono::seconds kPatience{60};
    std::unique_lock<std::mutex> lock(mutex_);
    size_t at = from;
    const bool came = added_.wait_for(lock, kPatience, [&] {
      while (at < events_.size() && !is_it(events_[at])) ++at;
      return at < events_.size();
    });
    EXPECT_TRUE(came) << "nothing of the kind was told";
    return came ? at : 0;
  }

  // Until all is told that was acknowledged before the call.
  void Sync() {
    const TimePoint now = Clock::Steady()->Now();
    AwaitThat(
        [now](const Event& event) {
          return event.kind == Event::Kind::kConfirmed && event.moment > now;
        },
        0);
  }

  // What was told since the call before, after a Sync: paths, "<all>",
  // "<tracking>", "<announced>", "<lost>".
  std::vector<std::string> News() {
    Sync();
    std::lock_guard<std::mutex> guard(mutex_);
    std::vector<std::string> news;
    for (; seen_ < events_.size(); ++seen_) {
      const Event& event = events_[seen_];
      if (event.kind == Event::Kind::kConfirmed) continue;
      news.push_back(Describe(event));
    }
    return news;
  }

  // Of paths, in one call.
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

  // Of the watch's thread.
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
