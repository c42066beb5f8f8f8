// SharedSum: an upper bound that becomes exact, and limits that hold.

#include "engine/residency/shared_sum.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/support/spin_lock.h"
#include "tests/support/random.h"

namespace appcache::residency::shared_sum_test {
namespace {

// On the heap, in each test: GCC 12 with -fsanitize=address does not align an
// object on the stack to 64 bytes.

constexpr size_t kParts = SharedSum::kMaxParts;

struct Parts {
  std::array<SharedSum::Part, kParts> all;

  int64_t in_advance() const {
    int64_t sum = 0;
    for (const SharedSum::Part& part : all) sum += part.in_advance();
    return sum;
  }
};

void MakeExact(SharedSum& sum, Parts& parts) {
  sum.BeginExact();
  for (SharedSum::Part& part : parts.all) sum.Settle(part);
  sum.FinishExact();
}

TEST(SharedSumTest, WritesTheSumSeldomFarFromTheLimit) {
  const auto owner = std::make_unique<SharedSum>(1'024'000);
  SharedSum& sum = *owner;
  SharedSum::Part part;
  int changes = 0;
  int64_t last = sum.upper_bound();
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(sum.TryAdd(part, 1));
    if (sum.upper_bound() != last) ++changes;
    last = sum.upper_bound();
    ASSERT_GE(last, i + 1);
    ASSERT_EQ(last - part.in_advance(), i + 1);
  }
  EXPECT_LE(changes, 10);
}

TEST(SharedSumTest, WritesTheSumSeldomWhereAShardAddsAndSubtracts) {
  const auto owner = std::make_unique<SharedSum>(1'024'000);
  SharedSum& sum = *owner;
  SharedSum::Part part;
  ASSERT_TRUE(sum.TryAdd(part, 1));
  const int64_t before = sum.upper_bound();
  for (int i = 0; i < 1000; ++i) {
    sum.Add(part, 100);
    sum.Add(part, -100);
    ASSERT_EQ(sum.upper_bound(), before);
  }
}

TEST(SharedSumTest, IsAtMostAnEighthOfTheLimitAboveWhatWasCounted) {
  constexpr int64_t kLimit = 1'000'000;
  const auto owner = std::make_unique<SharedSum>(kLimit);
  SharedSum& sum = *owner;
  Parts parts;
  int64_t counted = 0;
  for (SharedSum::Part& part : parts.all) {
    for (int i = 0; i < 100; ++i) sum.Add(part, 100);
    for (int i = 0; i < 99; ++i) sum.Add(part, -100);
    counted += 100;
  }
  EXPECT_EQ(sum.upper_bound() - parts.in_advance(), counted);
  EXPECT_LE(sum.upper_bound() - counted, kLimit / 8);
  EXPECT_GT(parts.in_advance(), 0);
}

TEST(SharedSumTest, ReachesItsLimitExactlyOnceItIsExact) {
  for (const int64_t limit : {0, 1, 7, 1023, 1024, 1025, 5000, 100'000}) {
    SCOPED_TRACE(limit);
    const auto owner = std::make_unique<SharedSum>(limit);
    SharedSum& sum = *owner;
    Parts parts;
    int64_t counted = 0;
    for (;;) {
      if (sum.TryAdd(parts.all[counted % kParts], 1)) {
        ++counted;
      } else if (sum.is_exact()) {
        break;
      } else {
        MakeExact(sum, parts);
      }
      ASSERT_LE(sum.upper_bound(), limit);
    }
    EXPECT_EQ(counted, limit);
    EXPECT_EQ(sum.upper_bound(), limit);
    EXPECT_EQ(parts.in_advance(), 0);
  }
}

TEST(SharedSumTest, AFullSumReturnsWhatAShardSubtractsAtOnce) {
  const auto owner = std::make_unique<SharedSum>(100'000);
  SharedSum& sum = *owner;
  Parts parts;
  MakeExact(sum, parts);
  ASSERT_TRUE(sum.TryAdd(parts.all[0], 100'000));
  ASSERT_FALSE(sum.TryAdd(parts.all[1], 1));
  sum.Add(parts.all[0], -1);
  EXPECT_TRUE(sum.TryAdd(parts.all[1], 1));
}

TEST(SharedSumTest, IsNotExactAnyMoreAtHalfOfItsLimit) {
  const auto owner = std::make_unique<SharedSum>(100'000);
  SharedSum& sum = *owner;
  Parts parts;
  MakeExact(sum, parts);
  sum.Add(parts.all[0], 50'002);
  sum.Add(parts.all[0], -1);
  EXPECT_TRUE(sum.is_exact());
  sum.Add(parts.all[0], -1);
  EXPECT_FALSE(sum.is_exact());
}

TEST(SharedSumTest, IsNotExactBeforeAllPartsAreSettled) {
  const auto owner = std::make_unique<SharedSum>(100'000);
  SharedSum& sum = *owner;
  Parts parts;
  sum.Add(parts.all[0], 1000);
  sum.BeginExact();
  // A part that falls before FinishExact does not end it.
  sum.Add(parts.all[0], -1000);
  sum.Add(parts.all[0], 1000);
  sum.Add(parts.all[0], -500);
  EXPECT_TRUE(sum.is_exact());
  for (SharedSum::Part& part : parts.all) sum.Settle(part);
  sum.FinishExact();
  EXPECT_EQ(parts.in_advance(), 0);
  EXPECT_EQ(sum.upper_bound(), 500);
}

TEST(SharedSumTest, StaysExactUntilSomethingIsSubtracted) {
  // A value of more than half the limit asks twice: also if little is counted.
  const auto owner = std::make_unique<SharedSum>(100'000);
  SharedSum& sum = *owner;
  Parts parts;
  MakeExact(sum, parts);
  EXPECT_TRUE(sum.is_exact());
  ASSERT_TRUE(sum.TryAdd(parts.all[0], 1));
  EXPECT_TRUE(sum.is_exact());
}

TEST(SharedSumTest, CountsMoreThanItsLimitIfItMust) {
  const auto owner = std::make_unique<SharedSum>(10);
  SharedSum& sum = *owner;
  SharedSum::Part part;
  sum.Add(part, 25);
  EXPECT_EQ(sum.upper_bound(), 25);
  EXPECT_FALSE(sum.TryAdd(part, 1));
  EXPECT_TRUE(sum.TryAdd(part, -1)) << "a sum that becomes smaller";
  EXPECT_EQ(sum.upper_bound(), 24);
}

TEST(SharedSumTest, HasNoLimitWithoutOne) {
  const auto owner = std::make_unique<SharedSum>(SharedSum::kNoLimit);
  SharedSum& sum = *owner;
  Parts parts;
  int64_t counted = 0;
  for (SharedSum::Part& part : parts.all) {
    ASSERT_TRUE(sum.TryAdd(part, int64_t{1} << 40));
    counted += int64_t{1} << 40;
  }
  EXPECT_EQ(sum.upper_bound() - parts.in_advance(), counted);
}

// Threads add and subtract at random, each change under the lock of its part.
TEST(SharedSumThreadsTest, NeverExceedsItsLimitAndLosesNothing) {
  constexpr int64_t kLimit = 20'000;
  const auto owner = std::make_unique<SharedSum>(kLimit);
  SharedSum& sum = *owner;
  Parts parts;
  std::array<internal::SpinLock, kParts> locks;
  std::array<int64_t, kParts> counted{};
  std::mutex exact_mutex;
  const auto work = [&](uint64_t seed) {
    RandomSource random(seed);
    for (int i = 0; i < 20'000; ++i) {
      const size_t at = random.Below(kParts);
      const auto delta = static_cast<int64_t>(random.Below(400));
      bool is_full = false;
      {
        const std::lock_guard<internal::SpinLock> guard(locks[at]);
        if (counted[at] > 0 && random.Below(3) == 0) {
          sum.Add(parts.all[at], -counted[at]);
          counted[at] = 0;
        } else if (sum.TryAdd(parts.all[at], delta)) {
          counted[at] += delta;
        } else {
          is_full = true;
        }
      }
      ASSERT_LE(sum.upper_bound(), kLimit);
      if (!is_full) continue;
      const std::lock_guard<std::mutex> exact_guard(exact_mutex);
      if (sum.is_exact()) continue;
      sum.BeginExact();
      for (size_t part = 0; part < kParts; ++part) {
        const std::lock_guard<internal::SpinLock> guard(locks[part]);
        sum.Settle(parts.all[part]);
      }
      sum.FinishExact();
    }
  };
  RandomSource seeds;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work, seeds.Bits());
  for (std::thread& thread : threads) thread.join();
  int64_t expected = 0;
  for (const int64_t part : counted) expected += part;
  EXPECT_EQ(sum.upper_bound() - parts.in_advance(), expected);
}

}  // namespace
}  // namespace appcache::residency::shared_sum_test
