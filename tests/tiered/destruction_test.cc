// The order in which a tier ends: the hook, the loads in the background, the
// watch. The hook may use the cache until it is done.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "appcache/executor.h"
#include "tests/tiered/tier_fixture.h"

namespace appcache::destruction_test {
namespace {

const Key<std::string> kKey("k");
const Key<std::string> kOtherKey("other");

class DestructionTest : public TierFixture {
 protected:
  DestructionTest() {
    // A caller does not wait for its load: it gets LoadTimeout, and the load
    // continues in the background.
    in_background_.executor = std::make_shared<ThreadExecutor>();
    in_background_.hard_timeout = milliseconds(0);
  }

  // Opens a tier. Its first event calls `act`, in the hook, once the destructor
  // has begun. Destroys the tier when `before` has returned.
  void Destroy(const std::function<void()>& before,
               const std::function<void()>& act) {
    std::latch hook_runs(1);
    bool is_first = true;
    options_.hook = [&](const TierEvent&) {
      if (!std::exchange(is_first, false)) return;
      hook_runs.count_down();
      AwaitDestructor();
      act();
    };
    OpenUnlinked();
    cache_ = tier_.get();
    before();
    remote_->LinkAndHeartbeat();
    hook_runs.wait();
    tier_.reset();
    EXPECT_FALSE(is_first);
  }

  // For the hook: returns when the destructor has begun. Until then, more
  // events than fit into the queue are counted as dropped; a destructor
  // discards events without counting them.
  void AwaitDestructor() {
    constexpr int kMoreThanFit = 300;
    uint64_t before = 0;
    uint64_t after = 0;
    do {
      before = cache_->Report().events_dropped;
      for (int i = 0; i < kMoreThanFit; ++i) remote_->LoseLink();
      after = cache_->Report().events_dropped;
    } while (after != before);
  }

  LoadOptions in_background_;
  // The object that is destroyed: `tier_` is null then.
  TieredCache* cache_ = nullptr;
};

TEST_F(DestructionTest, TheHookMayCallGetVia) {
  std::string loaded;
  std::string cached;
  Destroy([] {},
          [&] {
            const auto load = [] { return std::string("loaded"); };
            const auto fail = []() -> std::string {
              ADD_FAILURE() << "the value was not stored";
              return "";
            };
            loaded = cache_->GetVia(kKey, load);
            cached = cache_->GetVia(kKey, fail);
          });
  EXPECT_EQ(loaded, "loaded");
  EXPECT_EQ(cached, "loaded");
  EXPECT_EQ(remote_->StoredAt(kPath), "loaded");
  EXPECT_FALSE(remote_->is_watched());
}

TEST_F(DestructionTest, TheHookMayWaitForALoadInTheBackground) {
  std::latch is_loading(1);
  std::latch may_finish(1);
  std::string loaded;
  Destroy(
      [&] {
        const auto load = [&] {
          is_loading.count_down();
          may_finish.wait();
          return std::string("slow");
        };
        EXPECT_THROW(cache_->GetVia(kKey, load, in_background_), LoadTimeout);
        is_loading.wait();
      },
      [&] {
        may_finish.count_down();
        // This waits for the load, or comes after it.
        loaded = cache_->GetVia(kKey, [] { return std::string("again"); });
      });
  EXPECT_EQ(loaded, "slow");
  EXPECT_EQ(remote_->StoredAt(kPath), "slow");
}

TEST_F(DestructionTest, TheHookMayStartALoadInTheBackground) {
  std::latch is_loading(1);
  std::latch may_finish(1);
  Destroy([] {},
          [&] {
            const auto load = [&] {
              is_loading.count_down();
              may_finish.wait();
              return std::string("loaded");
            };
            // A cache that had stopped its loads would run the loader right
            // here.
            EXPECT_THROW(cache_->GetVia(kOtherKey, load, in_background_),
                         LoadTimeout);
            is_loading.wait();
            may_finish.count_down();
          });
  EXPECT_EQ(remote_->StoredAt("pyappcache/other"), "loaded");
}

TEST_F(DestructionTest, ALoadInTheBackgroundMayUseTheCache) {
  std::latch is_loading(1);
  std::latch may_finish(1);
  bool was_coherent = true;
  Destroy(
      [&] {
        const auto load = [&] {
          is_loading.count_down();
          may_finish.wait();
          was_coherent = cache_->coherent();
          return cache_->GetVia(kOtherKey, [] { return std::string("v"); });
        };
        EXPECT_THROW(cache_->GetVia(kKey, load, in_background_), LoadTimeout);
        is_loading.wait();
      },
      [&] { may_finish.count_down(); });
  EXPECT_FALSE(was_coherent);
  EXPECT_EQ(remote_->StoredAt(kPath), "v");
  EXPECT_EQ(remote_->StoredAt("pyappcache/other"), "v");
}

// They belong to whoever else holds them, too.
TEST_F(DestructionTest, TheBackendsOutliveTheTier) {
  Cache remote(remote_);
  Open();
  ASSERT_TRUE(remote.Set(kKey, "v").ok());
  EXPECT_EQ(tier_->Get(kKey).value_or(""), "v");
  tier_.reset();
  EXPECT_EQ(remote.Get(kKey).value_or(""), "v");
  EXPECT_EQ(remote_.use_count(), 2);
  EXPECT_EQ(local_.use_count(), 1);
}

// A tier is a backend like any other.
TEST_F(DestructionTest, TheTierMayOutliveItsTieredCache) {
  int events = 0;
  options_.hook = [&](const TierEvent&) { ++events; };
  OpenUnlinked();
  std::optional<Cache> second(tier_->backend());
  tier_.reset();
  remote_->LinkAndHeartbeat();
  ASSERT_TRUE(second->Set(kKey, "v").ok());
  EXPECT_EQ(second->Get(kKey).value_or(""), "v");
  second.reset();
  EXPECT_FALSE(remote_->is_watched());
  EXPECT_EQ(events, 0);
}

}  // namespace
}  // namespace appcache::destruction_test
