// A tier on a map, whose remote is a TellingMap, and a clock that stands still.

#ifndef APPCACHE_TESTS_TIERED_TIER_FIXTURE_H_
#define APPCACHE_TESTS_TIERED_TIER_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/tiered/tiered_cache.h"
#include "engine/testing/fake_clock.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"
#include "tests/tiered/telling_map.h"

namespace appcache {

using std::chrono::milliseconds;

class TierFixture : public testing::Test {
 protected:
  using Operation = MapCache::Operation;

  // The remote fails in all it does while `down_` is set, and runs `during_`
  // within each read.
  TierFixture() {
    remote_->set_hook([this](Operation operation, std::string_view) {
      ++remote_calls_;
      if (down_) return Status(ErrorCode::kUnavailable, "down");
      if (operation == Operation::kGet && during_get_) {
        std::exchange(during_get_, nullptr)();
      }
      return Status();
    });
    UseLocal(std::make_shared<MapCache>(CacheOptions(), clock_));
    options_.cache = log_.options();
    options_.clock = clock_;
    options_.lease.max_staleness = milliseconds(1000);
    options_.seed = 7;
  }

  // As the local cache, which fails to invalidate while `local_fails_` is set,
  // and runs `during_drop_` within each time it does.
  void UseLocal(std::shared_ptr<MapCache> local) {
    local_ = std::move(local);
    local_->set_hook([this](Operation operation, std::string_view) {
      if (operation != Operation::kInvalidate) return Status();
      if (during_drop_) std::exchange(during_drop_, nullptr)();
      return local_fails_ ? Status(ErrorCode::kUnavailable, "local down")
                          : Status();
    });
  }

  // Opens a tier that is linked and confirmed.
  void Open() {
    OpenUnlinked();
    remote_->LinkAndConfirm();
  }
  void OpenUnlinked() {
    tier_.reset();
    auto opened = TieredCache::Open(local_, remote_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    tier_ = *std::move(opened);
  }

  // What another client does: past the tier, and the watch tells it.
  void OthersSet(std::string_view path, std::string_view value,
                 Ttl ttl = kNoTtl) {
    OthersSetUntold(path, value, ttl);
    remote_->Tell(path);
  }
  void OthersSetUntold(std::string_view path, std::string_view value,
                       Ttl ttl = kNoTtl) {
    ASSERT_TRUE(remote_->SetRaw(path, value, ttl).ok());
  }

  // "hit:VALUE", "miss", "error:CODE".
  std::string Get(std::string_view path) {
    const Lookup<Bytes> found = tier_->GetRaw(path);
    if (found) return "hit:" + std::string(found->view());
    if (!found.has_error()) return "miss";
    return "error:" + std::string(ToString(found.error().code));
  }

  // How often the remote was called by `act`.
  int RemoteCalls(const std::function<void()>& act) {
    const int before = remote_calls_;
    act();
    return remote_calls_ - before;
  }

  static constexpr std::string_view kPath = "pyappcache/k";

  CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::shared_ptr<MapCache> local_;
  const std::shared_ptr<TellingMap> remote_ =
      std::make_shared<TellingMap>(clock_);
  TieredOptions options_;
  std::unique_ptr<TieredCache> tier_;
  std::atomic<int> remote_calls_{0};
  std::atomic<bool> down_{false};
  std::atomic<bool> local_fails_{false};
  std::function<void()> during_get_;
  std::function<void()> during_drop_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_TIER_FIXTURE_H_
