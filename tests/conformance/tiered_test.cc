#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "adapters/tiered/tiered_cache.h"
#include "engine/sqlite_cache.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/opened.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

// A remote that tells of each change before the writer hears that it is done.
class PromptMap final : public MapCache {
 public:
  using MapCache::MapCache;

  BackendTraits Traits() const override {
    BackendTraits traits = MapCache::Traits();
    traits.is_shared = true;
    return traits;
  }
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override {
    return Told(path, MapCache::SetRaw(path, value, ttl));
  }
  Status InvalidateRaw(std::string_view path) override {
    return Told(path, MapCache::InvalidateRaw(path));
  }
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override {
    Result<bool> added = MapCache::AddRaw(path, value, ttl);
    (void)Told(path, added.status());
    return added;
  }
  Status ClearRaw() override {
    Status status = MapCache::ClearRaw();
    std::lock_guard<std::mutex> guard(mutex_);
    for (WatchListener* const listener : listeners_) listener->OnAllChanged();
    return status;
  }

  Result<std::unique_ptr<Watch>> WatchRaw(const WatchOptions& options,
                                          WatchListener& listener) override {
    std::lock_guard<std::mutex> guard(mutex_);
    listeners_.insert(&listener);
    listener.OnLinked(WatchMode::kTracking);
    listener.OnConfirmed(options.clock->Now());
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

  Status Told(std::string_view path, Status status) {
    std::lock_guard<std::mutex> guard(mutex_);
    for (WatchListener* const listener : listeners_) {
      listener->OnChanged({&path, 1});
    }
    return status;
  }

  std::mutex mutex_;  // one call of each listener at a time
  std::set<WatchListener*> listeners_;
};

// The remote of a test: the tiers of one directory share it.
std::shared_ptr<PromptMap> RemoteOf(const std::string& directory,
                                    const SharedClock& clock) {
  static std::map<std::string, std::weak_ptr<PromptMap>> remotes;
  std::shared_ptr<PromptMap> remote = remotes[directory].lock();
  if (remote == nullptr) {
    remote = std::make_shared<PromptMap>(CacheOptions(), clock);
    remotes[directory] = remote;
  }
  return remote;
}

std::shared_ptr<Cache> OpenTier(const std::string& directory,
                                CacheOptions options, const SharedClock& clock,
                                bool tells) {
  static int opened = 0;
  SqliteCacheOptions local;
  local.clock = clock;
  TieredOptions tier;
  tier.cache = std::move(options);
  // How it learns of changes it says too, which the suite does not expect.
  tier.cache.log = [log = tier.cache.log](LogLevel level,
                                          std::string_view line) {
    if (!line.starts_with("the tier ") && !line.starts_with("the remote ")) {
      log(level, line);
    }
  };
  tier.clock = clock;
  tier.lease.max_staleness = std::chrono::hours(1);
  // Where nobody tells, another cache may see what was.
  tier.untracked_ttl = Ttl(1);
  std::shared_ptr<Cache> remote;
  if (tells) {
    remote = RemoteOf(directory, clock);
  } else {
    remote = std::make_shared<MapCache>(CacheOptions(), clock);
  }
  return Opened(
      TieredCache::Open(Opened(SqliteCache::OpenInMemory(
                            local, "tier" + std::to_string(++opened))),
                        std::move(remote), std::move(tier)));
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

INSTANTIATE_TEST_SUITE_P(Tiered, ConformanceTest,
                         testing::Values(Backend{"Tracking", OpenTracking},
                                         Backend{"Untracked", OpenUntracked}),
                         NameOfBackend);

}  // namespace
}  // namespace appcache
