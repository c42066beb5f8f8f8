// What a forked child has of the interface itself.

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <string>
#include <thread>

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

}  // namespace
}  // namespace appcache
