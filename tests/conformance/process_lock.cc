// LoadOptions::process_lock, where Traits().supports_add: of two caches on one
// place, as in two processes, only one loads.

#include "engine/loading/process_lock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"
#include "tests/support/jumping_clock.h"

namespace appcache {
namespace {

const Key<std::string> kPage("page", 7);

std::string LockPath() {
  return "pyappcache/page/7" + std::string(internal::ProcessLock::kSuffix);
}

LoadOptions Locked() {
  LoadOptions options;
  options.process_lock = std::chrono::minutes(5);
  return options;
}

// The other cache finishes its load when this one has waited once.
TEST_P(ConformanceTest, OnlyOneOfTwoCachesOnOnePlaceLoads) {
  const BackendTraits traits = cache_->Traits();
  if (!traits.supports_add || !traits.is_shared) return;
  const auto clock = std::make_shared<JumpingClock>();
  CacheOptions options = log_.options();
  options.load_clock = clock;
  const std::shared_ptr<Cache> waiting = OpenWith(std::move(options));
  std::latch loads(1);
  std::latch may_end(1);
  std::thread loader([&] {
    EXPECT_EQ(cache_->GetVia(
                  kPage,
                  [&] {
                    loads.count_down();
                    may_end.wait();
                    return "loaded by one";
                  },
                  Locked()),
              "loaded by one");
  });
  const auto let_end = [&] {
    if (!loader.joinable()) return;
    may_end.count_down();
    loader.join();
  };
  clock->set_on_jump(let_end);
  loads.wait();
  EXPECT_EQ(waiting->GetVia(
                kPage, [] { return "loaded by both"; }, Locked()),
            "loaded by one");
  let_end();
  EXPECT_EQ(waiting->Stats().loads, 0u);
  EXPECT_EQ(waiting->Stats().lock_waits, 1u);
  EXPECT_EQ(cache_->Stats().loads, 1u);
  EXPECT_EQ(StoredAt(LockPath()), "<miss>");
}

// As after a process that died before it released the lock.
TEST_P(ConformanceTest, AnExpiredLockDoesNotBlockALoad) {
  if (!cache_->Traits().supports_add) return;
  ASSERT_TRUE(*backend().AddRaw(LockPath(), "another's", Units(2)));
  PassTime(2);
  EXPECT_EQ(cache_->GetVia(
                kPage,
                [&] {
                  EXPECT_NE(StoredAt(LockPath()), "another's");
                  EXPECT_NE(StoredAt(LockPath()), "<miss>");
                  return "loaded";
                },
                Locked()),
            "loaded");
  EXPECT_EQ(cache_->Stats().lock_waits, 0u);
  EXPECT_EQ(StoredAt(LockPath()), "<miss>");
}

}  // namespace
}  // namespace appcache
