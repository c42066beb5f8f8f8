// A get that reads its value from SQLite while another thread changes the
// entry. It returns the value that the entry has when the get returns, and
// keeps in memory none that the entry does not have.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/engine/held_cache.h"

namespace appcache::held_load_test {
namespace {

using std::chrono::milliseconds;

// What another thread does while a get of "a" is held, and what the get then
// returns.
struct Race {
  const char* name;
  std::function<void(class HeldLoadTest&)> change;
  std::string expected;
  Strings rows;
};
void PrintTo(const Race& race, std::ostream* out) { *out << race.name; }

// Before the row of "a" was read, and after that.
constexpr const char* kPoints[] = {"load.begin", "load.read"};

class HeldLoadTest : public HeldCacheTest {
 public:
  using HeldCacheTest::Clear;
  using HeldCacheTest::Colliding;
  using HeldCacheTest::Flush;
  using HeldCacheTest::Large;
  using HeldCacheTest::Put;
  using HeldCacheTest::PutAway;
  using HeldCacheTest::Remove;

 protected:
  HeldLoadTest() {
    Open();
    Put("a", "old");
    Flush();
    Reopen();
  }

  auto HoldGet(const std::string& path, const char* point) {
    return HeldCall(point, [this, path] { return Read(path); });
  }
};

class HeldLoadRaceTest
    : public HeldLoadTest,
      public testing::WithParamInterface<std::tuple<const char*, Race>> {};

TEST_P(HeldLoadRaceTest, ReturnsAndKeepsWhatTheEntryHas) {
  const auto& [point, race] = GetParam();
  auto get = HoldGet("a", point);
  race.change(*this);
  EXPECT_EQ(get.Finish(), race.expected);
  EXPECT_EQ(cache().Stats().hits, race.expected == "<miss>" ? 0u : 1u);
  EXPECT_EQ(cache().Stats().misses, race.expected == "<miss>" ? 1u : 0u);
  EXPECT_EQ(Read("a"), race.expected);
  ExpectExactly(race.rows);
  EXPECT_EQ(Read("a"), race.expected);
}

std::vector<Race> Races() {
  using T = HeldLoadTest;
  const std::string large = T::Large('l');
  const std::string other = T::Colliding();
  return {
      {"Nothing", [](T&) {}, "old", {"a|old"}},
      {"Set", [](T& t) { t.Put("a", "new"); }, "new", {"a|new"}},
      {"SetAndFlush",
       [](T& t) {
         t.Put("a", "new");
         t.Flush();
       },
       "new",
       {"a|new"}},
      // As large as the old one.
      {"TwoSetsAndFlushes",
       [](T& t) {
         t.Put("a", "abc");
         t.Flush();
         t.Put("a", "def");
         t.Flush();
       },
       "def",
       {"a|def"}},
      // The entry is away again, and is not the one that was found.
      {"SetAway", [](T& t) { t.PutAway("a", 'l'); }, large, {"a|" + large}},
      {"Removal", [](T& t) { t.Remove("a"); }, "<miss>", {}},
      {"RemovalAndFlush",
       [](T& t) {
         t.Remove("a");
         t.Flush();
       },
       "<miss>",
       {}},
      {"RemovalAndSet",
       [](T& t) {
         t.Remove("a");
         t.Put("a", "new");
       },
       "new",
       {"a|new"}},
      {"RemovalFlushAndSetAway",
       [](T& t) {
         t.Remove("a");
         t.Flush();
         t.PutAway("a", 'l');
       },
       large,
       {"a|" + large}},
      {"Clear", [](T& t) { t.Clear(); }, "<miss>", {}},
      {"ClearAndFlush",
       [](T& t) {
         t.Clear();
         t.Flush();
       },
       "<miss>",
       {}},
      {"ClearAndSet",
       [](T& t) {
         t.Clear();
         t.Put("a", "new");
       },
       "new",
       {"a|new"}},
      {"ClearAndSetAway",
       [](T& t) {
         t.Clear();
         t.PutAway("a", 'l');
       },
       large,
       {"a|" + large}},
      // Keys with the same hash replace each other.
      {"SetOfACollidingKey",
       [=](T& t) { t.Put(other, "new"); },
       "<miss>",
       {other + "|new"}},
      {"SetAwayOfACollidingKey",
       [=](T& t) { t.PutAway(other, 'l'); },
       "<miss>",
       {other + "|" + large}},
      {"SetsOfACollidingKeyAndAgain",
       [=](T& t) {
         t.PutAway(other, 'l');
         t.PutAway("a", 'l');
       },
       large,
       {"a|" + large}},
  };
}

INSTANTIATE_TEST_SUITE_P(
    Changes, HeldLoadRaceTest,
    testing::Combine(testing::ValuesIn(kPoints), testing::ValuesIn(Races())),
    [](const auto& info) {
      const bool is_read = std::string(std::get<0>(info.param)) == "load.read";
      return std::string(std::get<1>(info.param).name) +
             (is_read ? "AfterTheRead" : "BeforeTheRead");
    });

// The key of the row is compared, so a colliding one is a miss, until it is the
// one that was asked for.
TEST_F(HeldLoadTest, AMissOfACollidingKeyBecomesAHitWhenItIsSet) {
  auto get = HoldGet(Colliding(), "load.read");
  PutAway(Colliding(), 'l');
  EXPECT_EQ(get.Finish(), Large('l'));
  ExpectExactly({Colliding() + "|" + Large('l')});
}

TEST_F(HeldLoadTest, OfTwoLoadsOneKeepsTheValue) {
  auto get = HoldGet("a", "load.read");
  EXPECT_EQ(Read("a"), "old");
  EXPECT_EQ(*cache().Stats().resident_bytes, 4u);
  EXPECT_EQ(get.Finish(), "old");
  EXPECT_EQ(*cache().Stats().resident_bytes, 4u);
  EXPECT_FALSE(Reaches("load.begin", [this] { (void)Read("a"); }));
  ExpectExactly({"a|old"});
}

TEST_F(HeldLoadTest, AnEntryThatExpiresWhileItIsReadIsAMiss) {
  Put("a", "timed", Ttl(1000));
  Flush();
  // The sweep does not remove it.
  options_.expiry_sweep_interval = milliseconds(1'000'000);
  Reopen();
  auto get = HoldGet("a", "load.read");
  clock_->Advance(milliseconds(1000));
  EXPECT_EQ(get.Finish(), "<miss>");
  EXPECT_EQ(*cache().Stats().entries, 1u);
  EXPECT_EQ(Read("a"), "<miss>");
}

TEST_F(HeldLoadTest, AnEvictionIsAMiss) {
  options_.max_entries = 2;
  Reopen();
  Put(Distinct(0), "1");
  auto get = HoldGet("a", "load.read");
  Put(Distinct(1), "2");
  EXPECT_EQ(cache().Stats().evictions, 1u);
  EXPECT_EQ(get.Finish(), "<miss>");
  Flush();
  EXPECT_EQ(Rows().size(), 2u);
  EXPECT_EQ(ProblemsIn(cache()), Strings());
}

TEST_F(HeldLoadTest, StartsAgainAtEachChange) {
  auto get = HoldGet("a", "load.read");
  for (char letter = 'a'; letter < 'e'; ++letter) {
    PutAway("a", letter);
    get.RunTo("load.read");
  }
  EXPECT_EQ(get.Finish(), Large('d'));
}

TEST_F(HeldLoadTest, IsBusyAfterVeryManyChanges) {
  constexpr int kMaxLoads = 1000;
  auto get = HoldGet("a", "load.read");
  for (int i = 0; i < kMaxLoads; ++i) {
    PutAway("a", static_cast<char>('a' + i % 2));
    if (i + 1 < kMaxLoads) get.RunTo("load.read");
  }
  EXPECT_NE(get.Finish().find("was changed by other threads"),
            std::string::npos);
  EXPECT_EQ(cache().Stats().read_errors, 1u);
  EXPECT_EQ(Read("a"), Large('b'));
}

// The comparison is one of addresses, so none may be used again.
TEST_F(HeldLoadTest, TheEntryThatItComparesWithIsNotFreed) {
  auto get = HoldGet("a", "load.read");
  for (int i = 0; i < 100; ++i) PutAway("a", 'l');
  // The first one, and all that were retired after it.
  EXPECT_GT(*cache().Stats().retired_bytes, 50 * Large('l').size());
  EXPECT_EQ(get.Finish(), Large('l'));
  Flush();
  EXPECT_LT(*cache().Stats().retired_bytes, 20 * Large('l').size());
}

}  // namespace
}  // namespace appcache::held_load_test
