// TierFixture: a tier of a MapBackend in front of a NotifyingMap, with a clock
// that stands still.

#ifndef APPCACHE_TESTS_TIERED_TIER_FIXTURE_H_
#define APPCACHE_TESTS_TIERED_TIER_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "appcache/testing/fake_clock.h"
#include "appcache/tiered_cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"
#include "tests/tiered/notifying_map.h"

namespace appcache {

using std::chrono::milliseconds;

class TierFixture : public testing::Test {
 protected:
  using Operation = MapBackend::Operation;

  // Every operation of the remote fails while `down_` is set. Its next read
  // calls `during_get_`.
  TierFixture() {
    remote_->set_hook([this](Operation operation, std::string_view) {
      ++remote_calls_;
      if (down_) return Status(ErrorCode::kUnavailable, "down");
      if (operation == Operation::kGet && during_get_) {
        std::exchange(during_get_, nullptr)();
      }
      return Status();
    });
    UseLocal(std::make_shared<MapBackend>(clock_));
    options_.cache = log_.options();
    options_.clock = clock_;
    options_.lease.max_staleness = milliseconds(1000);
    options_.seed = 7;
  }

  // Makes `local` the local backend. It fails to invalidate while
  // `local_fails_` is set. Its next invalidation calls `during_drop_`.
  void UseLocal(std::shared_ptr<MapBackend> local) {
    local_ = std::move(local);
    local_->set_hook([this](Operation operation, std::string_view) {
      if (operation != Operation::kInvalidate) return Status();
      if (during_drop_) std::exchange(during_drop_, nullptr)();
      return local_fails_ ? Status(ErrorCode::kUnavailable, "local down")
                          : Status();
    });
  }

  // Opens a tier whose link is up and has had a heartbeat.
  void Open() {
    OpenUnlinked();
    remote_->LinkAndHeartbeat();
  }
  void OpenUnlinked() {
    tier_.reset();
    auto opened = TieredCache::Open(local_, remote_, options_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    tier_ = *std::move(opened);
  }

  // The tier's raw operations.
  Backend& raw() { return *tier_->backend(); }

  // What another client does: it writes past the tier, and the watch notifies
  // the tier.
  void OthersSet(std::string_view path, std::string_view value,
                 Ttl ttl = kNoTtl) {
    OthersSetUnnotified(path, value, ttl);
    remote_->NotifyChanged(path);
  }
  void OthersSetUnnotified(std::string_view path, std::string_view value,
                           Ttl ttl = kNoTtl) {
    ASSERT_TRUE(remote_->SetRaw(path, value, ttl).ok());
  }

  // "hit:VALUE", "miss", "error:CODE".
  std::string Get(std::string_view path) {
    const Lookup<Bytes> found = raw().GetRaw(path);
    if (found) return "hit:" + std::string(found->view());
    if (!found.has_error()) return "miss";
    return "error:" + std::string(ToString(found.error().code));
  }

  // How often `act` calls the remote.
  int RemoteCalls(const std::function<void()>& act) {
    const int before = remote_calls_;
    act();
    return remote_calls_ - before;
  }

  static constexpr std::string_view kPath = "pyappcache/k";

  CapturedLog log_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::shared_ptr<MapBackend> local_;
  const std::shared_ptr<NotifyingMap> remote_ =
      std::make_shared<NotifyingMap>(clock_);
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
