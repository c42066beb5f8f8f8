// Memory runs out in the background thread while it returns memory.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/engine/probe.h"
#include "tests/fault/failing_memory.h"
#include "tests/fault/failure_points.h"
#include "tests/support/await.h"
#include "tests/support/random.h"

namespace appcache::oom_shrink_test {
namespace {

// Enough for the cache to return memory when nine tenths are removed.
constexpr int kEntries = 2'000;

// A clock that makes memory run out in the threads that ask it for the time,
// other than the one that made it.
class DepletingClock final : public Clock {
 public:
  explicit DepletingClock(FailingMemory::Plan plan) : plan_(plan) {}

  TimePoint Now() const noexcept override {
    if (armed_ && std::this_thread::get_id() != maker_) {
      // Until the thread ends.
      thread_local std::optional<FailingMemory> failing;
      if (!failing) failing.emplace(plan_);
      allocations_ = failing->allocations();
      failed_ = failing->failed();
    }
    return clock_.Now();
  }

  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 std::condition_variable& changed, TimePoint deadline,
                 const std::function<bool()>& done) const override {
    const FailingMemory::Pause pause;  // it allocates
    clock_.WaitUntil(lock, changed, deadline, done);
  }

  void Advance(std::chrono::microseconds by) { clock_.Advance(by); }
  void Arm() { armed_ = true; }
  uint64_t allocations() const { return allocations_; }
  uint64_t failed() const { return failed_; }

 private:
  const std::thread::id maker_ = std::this_thread::get_id();
  const FailingMemory::Plan plan_;
  FakeClock clock_;
  std::atomic<bool> armed_ = false;
  mutable std::atomic<uint64_t> allocations_ = 0;
  mutable std::atomic<uint64_t> failed_ = 0;
};

// Removes most entries while memory runs out as planned.
void ShrinkOnce(const std::shared_ptr<DepletingClock>& clock) {
  SqliteCacheOptions options;
  options.clock = clock;
  options.max_entries = kEntries;
  options.cache.log = [](LogLevel level, std::string_view message) {
    const FailingMemory::Pause pause;
    EXPECT_EQ(level, LogLevel::kWarning) << message;
  };
  const auto cache = Must(SqliteCache::OpenInMemory(options, "shrink"));
  std::vector<std::string> paths;
  std::vector<RawEntry> entries;
  const std::string value(256, 'v');
  for (int i = 0; i < kEntries; ++i) {
    paths.push_back((i % 10 == 0 ? "kept/" : "gone/") + std::to_string(i));
  }
  for (const std::string& path : paths) entries.push_back({path, value});
  ASSERT_TRUE(cache->backend()->SetManyRaw(entries).ok());
  ASSERT_TRUE(cache->Flush().ok());
  const uint64_t peak = *cache->Stats().database_memory_bytes;
  clock->Arm();
  ASSERT_TRUE(cache->backend()->InvalidatePrefixRaw("gone/").ok());
  EXPECT_TRUE(Await([&] {
    clock->Advance(std::chrono::seconds(1));
    return *cache->Stats().database_memory_bytes <= peak / 2;
  }));
  EXPECT_EQ(cache->Stats().entries, static_cast<uint64_t>(kEntries / 10));
  EXPECT_EQ(Get(*cache, "kept/0"), value);
  EXPECT_EQ(ProblemsIn(*cache), Strings());
  EXPECT_TRUE(cache->Close().ok());
}

TEST(OomShrinkTest, ItIsRetriedUntilItSucceeds) {
  const auto counting = std::make_shared<DepletingClock>(
      FailingMemory::Plan{.first = FailingMemory::kForEver});
  ShrinkOnce(counting);
  ASSERT_GT(counting->allocations(), 10u);
  RandomSource random;
  uint64_t failed = 0;
  for (const uint64_t first :
       FailurePoints(counting->allocations(), 61, random)) {
    SCOPED_TRACE("allocation " + std::to_string(first) + " fails");
    // Once: nothing more runs out when the thread retries.
    const auto clock = std::make_shared<DepletingClock>(
        FailingMemory::Plan{.first = first, .failures = 1});
    ShrinkOnce(clock);
    failed += clock->failed();
    if (HasFailure()) return;
  }
  EXPECT_GT(failed, 0u);
}

}  // namespace
}  // namespace appcache::oom_shrink_test
