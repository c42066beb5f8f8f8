#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/conformance.h"
#include "appcache/tiered_cache.h"
#include "appcache/watch.h"
#include "tests/conformance/opened.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

// A remote that notifies its listeners of each change before the write returns.
class PromptMap final : public MapBackend {
 public:
  using MapBackend::MapBackend;

  BackendTraits Traits() const override {
    BackendTraits traits = MapBackend::Traits();
    traits.is_shared = true;
    return traits;
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return Notify(path, MapBackend::SetRaw(path, value, ttl));
  }
  Status InvalidateRaw(std::string_view path) override {
    return Notify(path, MapBackend::InvalidateRaw(path));
  }
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override {
    Result<bool> added = MapBackend::AddRaw(path, value, ttl);
    (void)Notify(path, added.status());
    return added;
  }
  Status ClearRaw() override {
    Status status = MapBackend::ClearRaw();
    std::lock_guard<std::mutex> guard(mutex_);
    for (WatchListener* const listener : listeners_) listener->OnAllChanged();
    return status;
  }

  Result<std::unique_ptr<Watch>> WatchRaw(const WatchOptions& options,
                                          WatchListener& listener) override {
    std::lock_guard<std::mutex> guard(mutex_);
    listeners_.insert(&listener);
    listener.OnLinked(WatchMode::kTracking);
    listener.OnHeartbeat(options.clock->Now());
    return std::unique_ptr<Watch>(new PromptWatch(*this, listener));
  }

 private:
  class PromptWatch final : public Watch {
   public:
    PromptWatch(PromptMap& map, WatchListener& listener)
        : map_(map), listener_(listener) {}
    ~PromptWatch() override {
      std::lock_guard<std::mutex> guard(map_.mutex_);
      map_.listeners_.erase(&listener_);
    }
    Status Announce(std::span<const std::string_view>) override {
      return Status();
    }
    Status AnnounceAll() override { return Status(); }

   private:
    PromptMap& map_;
    WatchListener& listener_;
  };

  Status Notify(std::string_view path, Status status) {
    std::lock_guard<std::mutex> guard(mutex_);
    for (WatchListener* const listener : listeners_) {
      listener->OnChanged({&path, 1});
    }
    return status;
  }

  std::mutex mutex_;  // one call of each listener at a time
  std::set<WatchListener*> listeners_;
};

// The tiers on one directory share a remote.
std::shared_ptr<PromptMap> RemoteOf(const std::string& directory,
                                    const SharedClock& clock) {
  static std::map<std::string, std::weak_ptr<PromptMap>> remotes;
  std::shared_ptr<PromptMap> remote = remotes[directory].lock();
  if (remote == nullptr) {
    remote = std::make_shared<PromptMap>(clock);
    remotes[directory] = remote;
  }
  return remote;
}

std::shared_ptr<Cache> OpenTier(const std::string& directory,
                                CacheOptions options, const SharedClock& clock,
                                bool notifies) {
  static int opened = 0;
  SqliteCacheOptions local;
  local.clock = clock;
  TieredOptions tier;
  tier.cache = std::move(options);
  // The suite does not expect the messages about the state of the link.
  tier.cache.log = [log = tier.cache.log](LogLevel level,
                                          std::string_view line) {
    if (!line.starts_with("the tier ") && !line.starts_with("the remote ")) {
      log(level, line);
    }
  };
  tier.clock = clock;
  tier.lease.max_staleness = std::chrono::hours(1);
  // Without notifications, another cache may return old values for so long.
  tier.untracked_ttl = Ttl(1);
  std::shared_ptr<Backend> remote;
  if (notifies) {
    remote = RemoteOf(directory, clock);
  } else {
    remote = std::make_shared<MapBackend>(clock);
  }
  const std::shared_ptr<Cache> local_cache = Opened(
      SqliteCache::OpenInMemory(local, "tier" + std::to_string(++opened)));
  return Opened(TieredCache::Open(local_cache->backend(), std::move(remote),
                                  std::move(tier)));
}

std::shared_ptr<Cache> OpenTracking(const std::string& directory,
                                    CacheOptions options,
                                    const SharedClock& clock) {
  return OpenTier(directory, std::move(options), clock, true);
}

std::shared_ptr<Cache> OpenUntracked(const std::string& directory,
                                     CacheOptions options,
                                     const SharedClock& clock) {
  return OpenTier(directory, std::move(options), clock, false);
}

INSTANTIATE_TEST_SUITE_P(
    Tiered, ConformanceTest,
    testing::Values(BackendUnderTest{"Tracking", OpenTracking},
                    BackendUnderTest{"Untracked", OpenUntracked}),
    NameOfBackend);

}  // namespace
}  // namespace appcache
