// NotifyingMap: a remote backend whose watch reports changes, heartbeats and
// lost links when a test calls for them.

#ifndef APPCACHE_TESTS_TIERED_NOTIFYING_MAP_H_
#define APPCACHE_TESTS_TIERED_NOTIFYING_MAP_H_

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/clock.h"
#include "appcache/watch.h"
#include "tests/support/map_cache.h"

namespace appcache {

class NotifyingMap final : public MapBackend {
 public:
  explicit NotifyingMap(std::shared_ptr<const Clock> clock)
      : MapBackend(clock), clock_(std::move(clock)) {}

  // --- What the watch reports. Nothing happens while there is no watch.

  void Link(WatchMode mode = WatchMode::kTracking) {
    Call([&](WatchListener& listener) { listener.OnLinked(mode); });
  }
  void Heartbeat() { HeartbeatUpTo(clock_->Now()); }
  void HeartbeatUpTo(TimePoint time) {
    Call([&](WatchListener& listener) { listener.OnHeartbeat(time); });
  }
  void LinkAndHeartbeat() {
    Link();
    Heartbeat();
  }
  void LoseLink(const Status& why = Status(ErrorCode::kUnavailable, "cut")) {
    Call([&](WatchListener& listener) { listener.OnLost(why); });
  }
  void NotifyChanged(std::string_view path) {
    Call([&](WatchListener& listener) { listener.OnChanged({&path, 1}); });
  }
  void NotifyAllChanged() {
    Call([](WatchListener& listener) { listener.OnAllChanged(); });
  }

  // What has been announced: paths, and "*" for all.
  std::vector<std::string> announced() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return announced_;
  }
  // What an announcement returns from now on.
  void set_announce_result(Status status) {
    announce_result_ = std::move(status);
  }

  const WatchOptions& watched_with() const { return watched_with_; }
  bool is_watched() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return listener_ != nullptr;
  }

  Result<std::unique_ptr<Watch>> WatchRaw(const WatchOptions& options,
                                          WatchListener& listener) override {
    std::lock_guard<std::mutex> guard(mutex_);
    watched_with_ = options;
    listener_ = &listener;
    return std::unique_ptr<Watch>(new MapWatch(*this));
  }

  // A tier must leave its backends to those who share them with it.
  void AbandonInChild() noexcept override { is_abandoned_ = true; }
  bool is_abandoned() const { return is_abandoned_; }

 private:
  class MapWatch final : public Watch {
   public:
    explicit MapWatch(NotifyingMap& map) : map_(map) {}
    ~MapWatch() override {
      std::lock_guard<std::mutex> guard(map_.mutex_);
      map_.listener_ = nullptr;
    }
    Status Announce(std::span<const std::string_view> paths) override {
      std::lock_guard<std::mutex> guard(map_.mutex_);
      map_.announced_.insert(map_.announced_.end(), paths.begin(), paths.end());
      return map_.announce_result_;
    }
    Status AnnounceAll() override {
      std::lock_guard<std::mutex> guard(map_.mutex_);
      map_.announced_.emplace_back("*");
      return map_.announce_result_;
    }

   private:
    NotifyingMap& map_;
  };

  template <class Report>
  void Call(const Report& report) {
    std::lock_guard<std::mutex> guard(mutex_);
    if (listener_ != nullptr) report(*listener_);
  }

  const std::shared_ptr<const Clock> clock_;
  mutable std::mutex mutex_;  // held during a call of the listener
  WatchListener* listener_ = nullptr;
  WatchOptions watched_with_;
  std::vector<std::string> announced_;
  Status announce_result_;
  bool is_abandoned_ = false;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_NOTIFYING_MAP_H_
