// Caches and executors in a forked child.

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "appcache/cache.h"
#include "appcache/executor.h"
#include "tests/support/in_child.h"
#include "tests/support/map_cache.h"

namespace appcache::fork_test {
namespace {

// The thread that loads does not exist in the child.
TEST(ForkTest, AChildDoesNotWaitForALoaderOfTheParent) {
  MapCache cache;
  const Key<std::string> key("k");
  std::latch loading(1);
  std::latch forked(1);
  std::thread loader([&] {
    (void)cache.GetVia(key, [&] {
      loading.count_down();
      forked.wait();
      return "the parent's";
    });
  });
  loading.wait();
  LoadOptions options;
  options.max_wait = std::chrono::hours(1);
  EXPECT_EQ(InChild([&]() -> std::string {
              const std::string got = cache.GetVia(
                  key, [] { return "the child's"; }, options);
              if (got != "the child's") return "got " + got;
              return cache.Get(key) ? "" : "not stored";
            }),
            "");
  forked.count_down();
  loader.join();
  EXPECT_EQ(*cache.Get(key), "the parent's");
}

TEST(ForkTest, AChildDoesNotWaitForABackgroundLoadOfTheParent) {
  std::optional<MapCache> cache(std::in_place);
  const Key<std::string> key("k");
  LoadOptions options;
  options.executor = std::make_shared<ThreadExecutor>();
  options.hard_timeout = std::chrono::hours(1);
  std::latch loading(1);
  std::latch forked(1);
  std::thread caller([&] {
    (void)cache->GetVia(
        key,
        [&] {
          loading.count_down();
          forked.wait();
          return "the parent's";
        },
        options);
  });
  loading.wait();
  EXPECT_EQ(InChild([&]() -> std::string {
              const std::string got = cache->GetVia(
                  key, [] { return "the child's"; }, options);
              // Neither destructor waits for a thread of the parent.
              cache.reset();
              options.executor.reset();
              return got == "the child's" ? "" : "got " + got;
            }),
            "");
  forked.count_down();
  caller.join();
  EXPECT_EQ(*cache->Get(key), "the parent's");
}

TEST(ForkTest, AnExecutorRefusesJobsInAForkedChild) {
  std::optional<ThreadExecutor> executor(std::in_place, 1, 1);
  std::latch ran(1);
  EXPECT_TRUE(executor->Run([&] { ran.count_down(); }));
  ran.wait();
  EXPECT_EQ(InChild([&]() -> std::string {
              if (executor->Run([] {})) return "accepted";
              executor.reset();
              return "";
            }),
            "");
}

// What has happened to a ForkBackend in this process.
struct Calls {
  int abandoned = 0;
  int destroyed = 0;
};

class ForkBackend final : public MapBackend {
 public:
  explicit ForkBackend(Calls& calls) : calls_(calls) {}
  ~ForkBackend() override { ++calls_.destroyed; }
  void AbandonInChild() noexcept override { ++calls_.abandoned; }

 private:
  Calls& calls_;
};

TEST(ForkTest, ACacheDestroyedInAChildAbandonsAndLeaksItsBackend) {
  Calls calls;
  std::optional<Cache> cache(std::in_place,
                             std::make_shared<ForkBackend>(calls));
  ASSERT_TRUE(cache->SetByStr("k", 7).ok());
  EXPECT_EQ(InChild([&]() -> std::string {
              if (!cache->GetByStr<int>("k")) return "a miss in the child";
              if (calls.abandoned != 0) return "abandoned too early";
              cache.reset();
              if (calls.abandoned == 0) return "not abandoned";
              return calls.destroyed == 0 ? "" : "destroyed";
            }),
            "");
  EXPECT_EQ(calls.abandoned, 0);
  EXPECT_EQ(cache->GetByStr<int>("k").value_or(0), 7);
  cache.reset();
  EXPECT_EQ(calls.abandoned, 0);
  EXPECT_EQ(calls.destroyed, 1);
}

TEST(ForkTest, ABackendOfTwoCachesIsNotDestroyedInAChild) {
  Calls calls;
  auto backend = std::make_shared<ForkBackend>(calls);
  std::optional<Cache> first(std::in_place, backend);
  std::optional<Cache> second(std::in_place, backend);
  EXPECT_EQ(InChild([&]() -> std::string {
              backend.reset();
              first.reset();
              if (!second->SetByStr("k", 7).ok()) return "the set fails";
              second.reset();
              if (calls.abandoned == 0) return "not abandoned";
              return calls.destroyed == 0 ? "" : "destroyed";
            }),
            "");
}

TEST(ForkTest, ACacheMadeInAChildLeaksABackendOfTheParent) {
  Calls calls;
  auto backend = std::make_shared<ForkBackend>(calls);
  EXPECT_EQ(InChild([&]() -> std::string {
              if (!backend->is_inherited()) return "not inherited";
              { const Cache cache(std::move(backend)); }
              if (calls.abandoned == 0) return "not abandoned";
              return calls.destroyed == 0 ? "" : "destroyed";
            }),
            "");
  EXPECT_FALSE(backend->is_inherited());
  backend.reset();
  EXPECT_EQ(calls.destroyed, 1);
}

TEST(ForkTest, ACacheMadeInAChildDestroysItsBackend) {
  Calls calls;
  EXPECT_EQ(InChild([&]() -> std::string {
              { const Cache cache(std::make_shared<ForkBackend>(calls)); }
              if (calls.abandoned != 0) return "abandoned";
              return calls.destroyed == 1 ? "" : "not destroyed";
            }),
            "");
}

}  // namespace
}  // namespace appcache::fork_test
