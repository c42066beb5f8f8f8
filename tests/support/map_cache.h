// MapBackend: a backend for tests that keeps its entries in a std::map.
//
// It is the shortest backend that supports every operation but WatchRaw, so it
// can be checked by reading. A hook runs before each raw operation and can make
// it fail, throw or wait, or count it.

#ifndef APPCACHE_TESTS_SUPPORT_MAP_CACHE_H_
#define APPCACHE_TESTS_SUPPORT_MAP_CACHE_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/clock.h"
#include "appcache/testing/fake_clock.h"

namespace appcache {

// Thread-safe, except for set_hook.
class MapBackend : public Backend {
 public:
  enum class Operation { kGet, kSet, kInvalidate, kClear };

  // Called before each raw operation but TtlRaw, in the caller's thread,
  // without a lock. If it returns an error, that is the operation's result.
  using Hook = std::function<Status(Operation, std::string_view path)>;

  explicit MapBackend(
      std::shared_ptr<const Clock> clock = std::make_shared<const FakeClock>())
      : clock_(std::move(clock)) {}

  // REQUIRES: no other call is in progress.
  void set_hook(Hook hook) { hook_ = std::move(hook); }

  // The number of entries, with expired ones.
  size_t size() const {
    std::lock_guard<std::mutex> guard(mutex_);
    return entries_.size();
  }

  // The stored bytes under a whole path, also when they have expired; "<none>"
  // when there is no entry. Does not call the hook.
  std::string StoredAt(std::string_view path) const {
    std::lock_guard<std::mutex> guard(mutex_);
    const auto found = entries_.find(path);
    return found == entries_.end() ? "<none>"
                                   : std::string(found->second.value.view());
  }

  Lookup<Bytes> GetRaw(std::string_view path) override {
    return GetTimedRaw(path).Map(
        [](const TimedBytes& found) { return found.value; });
  }

  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override {
    Status status = RunHook(Operation::kGet, path);
    if (!status.ok()) return Lookup<TimedBytes>::Failed(std::move(status));
    std::lock_guard<std::mutex> guard(mutex_);
    return Find(path);
  }

  Lookup<Ttl> TtlRaw(std::string_view path) override {
    std::lock_guard<std::mutex> guard(mutex_);
    return Find(path).Map(
        [](const TimedBytes& found) { return found.remaining_ttl; });
  }

  BackendTraits Traits() const override {
    BackendTraits traits;
    traits.name = "map";
    traits.cleared = "every entry of this object";
    traits.supports_ttl_query = true;
    traits.supports_add = true;
    traits.supports_prefix_invalidation = true;
    traits.supports_walk = true;
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

  Result<bool> SetTtlRaw(std::string_view path, Ttl ttl) override {
    Status status = RunHook(Operation::kSet, path);
    if (!status.ok()) return status;
    std::lock_guard<std::mutex> guard(mutex_);
    if (!Find(path)) return false;
    Entry& entry = entries_.find(path)->second;
    entry = MakeEntry(entry.value.view(), ttl);
    return true;
  }

  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override {
    Status status = RunHook(Operation::kGet, options.path_prefix);
    if (!status.ok()) return status;
    std::unique_lock<std::mutex> lock(mutex_);
    const std::map<std::string, Entry, std::less<>> entries = entries_;
    lock.unlock();
    for (const auto& [path, entry] : entries) {
      if (!path.starts_with(options.path_prefix) || HasExpired(entry)) continue;
      const std::string_view value =
          options.with_values ? entry.value.view() : std::string_view();
      if (!visit({path, value, entry.value.size(), entry.expires_at})) break;
    }
    return Status();
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
    std::optional<TimePoint> expires_at;
  };

  Entry MakeEntry(std::string_view value, Ttl ttl) const {
    Entry entry{Bytes::Copy(value), std::nullopt};
    if (ttl != kNoTtl) entry.expires_at = clock_->Now() + ttl;
    return entry;
  }

  bool HasExpired(const Entry& entry) const {
    return entry.expires_at && *entry.expires_at <= clock_->Now();
  }

  // REQUIRES: mutex_ is held.
  Lookup<TimedBytes> Find(std::string_view path) const {
    const auto found = entries_.find(path);
    if (found == entries_.end()) return Lookup<TimedBytes>::Miss();
    const Entry& entry = found->second;
    if (!entry.expires_at)
      return Lookup<TimedBytes>::Hit({entry.value, kNoTtl});
    const auto remaining =
        std::chrono::ceil<Ttl>(*entry.expires_at - clock_->Now());
    return remaining > kNoTtl
               ? Lookup<TimedBytes>::Hit({entry.value, remaining})
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

// A Cache around a MapBackend.
class MapCache : public Cache {
 public:
  using Operation = MapBackend::Operation;
  using Hook = MapBackend::Hook;

  explicit MapCache(
      CacheOptions options = {},
      std::shared_ptr<const Clock> clock = std::make_shared<const FakeClock>())
      : MapCache(std::make_shared<MapBackend>(std::move(clock)),
                 std::move(options)) {}
  explicit MapCache(std::shared_ptr<MapBackend> map, CacheOptions options = {})
      : Cache(map, std::move(options)), map_(*map) {}

  // For the functions that only MapBackend has. Raw operations: backend().
  MapBackend& map() noexcept { return map_; }

  void set_hook(Hook hook) { map_.set_hook(std::move(hook)); }
  size_t size() const { return map_.size(); }
  std::string StoredAt(std::string_view path) const {
    return map_.StoredAt(path);
  }

 private:
  MapBackend& map_;  // backend()
};

// A hook under which every `operation` fails with `status`.
inline MapBackend::Hook Failing(MapBackend::Operation operation,
                                const Status& status) {
  return [operation, status](MapBackend::Operation called, std::string_view) {
    return called == operation ? status : Status();
  };
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_MAP_CACHE_H_
