// What a forked child has of the interface itself.

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "engine/cache.h"
#include "tests/support/in_child.h"
#include "tests/support/map_cache.h"

namespace appcache {
namespace {

// The thread that loads is the parent's: nobody in the child waits for it.
TEST(ForkTest, AChildDoesNotWaitForALoaderOfItsParents) {
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

TEST(ForkTest, AChildLoadsForItselfWhatItsParentLoadsInTheBackground) {
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
              // Neither waits for a thread that is not there.
              cache.reset();
              options.executor.reset();
              return got == "the child's" ? "" : "got " + got;
            }),
            "");
  forked.count_down();
  caller.join();
  EXPECT_EQ(*cache->Get(key), "the parent's");
}

TEST(ForkTest, AnExecutorOfTheParentsRefusesInTheChild) {
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

}  // namespace
}  // namespace appcache
