// TellingMap: a remote whose watch does what a test says, when it says so.

#ifndef APPCACHE_TESTS_TIERED_TELLING_MAP_H_
#define APPCACHE_TESTS_TIERED_TELLING_MAP_H_

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/watch.h"
#include "tests/support/map_cache.h"

namespace appcache {

class TellingMap final : public MapCache {
 public:
  explicit TellingMap(std::shared_ptr<const Clock> clock)
      : MapCache({}, clock), clock_(std::move(clock)) {}

  // --- What the watch tells; nothing when there is none.

  void Link(WatchMode mode = WatchMode::kTracking) {
    With([&](WatchListener& listener) { listener.OnLinked(mode); });
  }
  void Confirm() { ConfirmAsOf(clock_->Now()); }
  void ConfirmAsOf(TimePoint moment) {
    With([&](WatchListener& listener) { listener.OnConfirmed(moment); });
  }
  void LinkAndConfirm() {
    Link();
    Confirm();
  }
  void Lose(const Status& why = Status(ErrorCode::kUnavailable, "cut")) {
    With([&](WatchListener& listener) { listener.OnLost(why); });
  }
  void Tell(std::string_view path) {
    With([&](WatchListener& listener) { listener.OnChanged({&path, 1}); });
  }
  void TellAll() {
    With([](WatchListener& listener) { listener.OnAllChanged(); });
  }

  // What has been announced: paths, and "*" for all.
  std::vector<std::string> announced() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return announced_;
  }
  // What announcing yields from now on.
  void set_announcing(Status status) { announcing_ = std::move(status); }

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
    return std::unique_ptr<Watch>(new MyWatch(*this));
  }

 private:
  class MyWatch final : public Watch {
   public:
    explicit MyWatch(TellingMap& map) : map_(map) {}
    ~MyWatch() override {
      std::lock_guard<std::mutex> guard(map_.mutex_);
      map_.listener_ = nullptr;
    }
    Status Announce(std::span<const std::string_view> paths) override {
      std::lock_guard<std::mutex> guard(map_.mutex_);
      map_.announced_.insert(map_.announced_.end(), paths.begin(), paths.end());
      return map_.announcing_;
    }
    Status AnnounceAll() override {
      std::lock_guard<std::mutex> guard(map_.mutex_);
      map_.announced_.emplace_back("*");
      return map_.announcing_;
    }

   private:
    TellingMap& map_;
  };

  template <class Say>
  void With(const Say& say) {
    std::lock_guard<std::mutex> guard(mutex_);
    if (listener_ != nullptr) say(*listener_);
  }

  const std::shared_ptr<const Clock> clock_;
  mutable std::mutex mutex_;  // one call of the listener at a time
  WatchListener* listener_ = nullptr;
  WatchOptions watched_with_;
  std::vector<std::string> announced_;
  Status announcing_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_TELLING_MAP_H_
