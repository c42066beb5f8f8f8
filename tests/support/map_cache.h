// MapCache: the tests' own backend, a map and nothing more.
//
// What it does is what every backend should do, in so few lines that it can be
// seen to be right. A test may hook into each raw operation, to make it fail,
// throw, wait, or to count it.

#ifndef APPCACHE_TESTS_SUPPORT_MAP_CACHE_H_
#define APPCACHE_TESTS_SUPPORT_MAP_CACHE_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/cache.h"
#include "engine/testing/fake_clock.h"

namespace appcache {

class MapCache : public Cache {
 public:
  enum class Operation { kGet, kSet, kInvalidate, kClear };

  // Called before each raw operation, without a lock, in the caller's thread.
  // An error takes the operation's place. Change it only while nobody uses the
  // cache.
  using Hook = std::function<Status(Operation, std::string_view path)>;

  explicit MapCache(
      CacheOptions options = {},
      std::shared_ptr<const Clock> clock = std::make_shared<const FakeClock>())
      : Cache(std::move(options)), clock_(std::move(clock)) {}

  ~MapCache() override { FinishLoads(); }

  void set_hook(Hook hook) { hook_ = std::move(hook); }

  // What is stored, ended or not.
  size_t size() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return entries_.size();
  }

  // The stored bytes under a whole path; "<none>" when there are none. Past the
  // hook, and past the clock.
  std::string StoredAt(std::string_view path) const {
    std::lock_guard<std::mutex> guard(mutex_);
    const auto found = entries_.find(path);
    return found == entries_.end() ? "<none>"
                                   : std::string(found->second.value.view());
  }

  Lookup<Bytes> GetRaw(std::string_view path) override {
    Lookup<TimedBytes> found = GetTimedRaw(path);
    if (found) return Lookup<Bytes>::Hit(std::move(found->value));
    return found.has_error() ? Lookup<Bytes>::Failed(found.status())
                             : Lookup<Bytes>::Miss();
  }

  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override {
    Status status = RunHook(Operation::kGet, path);
    if (!status.ok()) return Lookup<TimedBytes>::Failed(std::move(status));
    std::lock_guard<std::mutex> guard(mutex_);
    return Find(path);
  }

  Lookup<Ttl> TtlRaw(std::string_view path) override {
    std::lock_guard<std::mutex> guard(mutex_);
    const Lookup<TimedBytes> found = Find(path);
    return found ? Lookup<Ttl>::Hit(found->left) : Lookup<Ttl>::Miss();
  }

  BackendTraits Traits() const override {
    BackendTraits traits;
    traits.name = "map";
    traits.cleared = "every entry of this object";
    traits.tells_ttl = true;
    traits.adds = true;
    traits.invalidates_prefixes = true;
    return traits;
  }

  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    Status status = RunHook(Operation::kSet, path);
    if (!status.ok()) return status;
    Entry entry = MakeEntry(value, ttl);
    std::lock_guard<std::mutex> guard(mutex_);
    entries_.insert_or_assign(std::string(path), std::move(entry));
    return Status();
  }

  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override {
    Status status = RunHook(Operation::kSet, path);
    if (!status.ok()) return status;
    Entry entry = MakeEntry(value, ttl);
    std::lock_guard<std::mutex> guard(mutex_);
    if (Find(path)) return false;
    entries_.insert_or_assign(std::string(path), std::move(entry));
    return true;
  }

  Status InvalidateRaw(std::string_view path) override {
    Status status = RunHook(Operation::kInvalidate, path);
    if (!status.ok()) return status;
    std::lock_guard<std::mutex> guard(mutex_);
    const auto found = entries_.find(path);
    if (found != entries_.end()) entries_.erase(found);
    return Status();
  }

  Status InvalidatePrefixRaw(std::string_view path_prefix) override {
    Status status = RunHook(Operation::kInvalidate, path_prefix);
    if (!status.ok()) return status;
    std::lock_guard<std::mutex> guard(mutex_);
    std::erase_if(entries_, [path_prefix](const auto& entry) {
      return entry.first.starts_with(path_prefix);
    });
    return Status();
  }

  Status ClearRaw() override {
    Status status = RunHook(Operation::kClear, "");
    if (!status.ok()) return status;
    std::lock_guard<std::mutex> guard(mutex_);
    entries_.clear();
    return Status();
  }

 private:
  struct Entry {
    Bytes value;
    std::optional<TimePoint> end;
  };

  Entry MakeEntry(std::string_view value, Ttl ttl) const {
    Entry entry{Bytes::Copy(value), std::nullopt};
    if (ttl != kNoTtl) entry.end = clock_->Now() + ttl;
    return entry;
  }

  // REQUIRES: mutex_ is held.
  Lookup<TimedBytes> Find(std::string_view path) const {
    const auto found = entries_.find(path);
    if (found == entries_.end()) return Lookup<TimedBytes>::Miss();
    const Entry& entry = found->second;
    if (!entry.end) return Lookup<TimedBytes>::Hit({entry.value, kNoTtl});
    const auto left = std::chrono::ceil<Ttl>(*entry.end - clock_->Now());
    return left > kNoTtl ? Lookup<TimedBytes>::Hit({entry.value, left})
                         : Lookup<TimedBytes>::Miss();
  }

  Status RunHook(Operation operation, std::string_view path) const {
    return hook_ ? hook_(operation, path) : Status();
  }

  const std::shared_ptr<const Clock> clock_;
  Hook hook_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_
};

// A hook under which `operation` always ends with `status`.
inline MapCache::Hook Failing(MapCache::Operation operation,
                              const Status& status) {
  return [operation, status](MapCache::Operation asked, std::string_view) {
    return asked == operation ? status : Status();
  };
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_MAP_CACHE_H_
