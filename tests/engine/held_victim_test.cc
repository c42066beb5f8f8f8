// A victim that another thread changes after it was chosen.

#include <gtest/gtest.h>

#include <string>

#include "tests/engine/held_cache.h"

namespace appcache::held_victim_test {
namespace {

// --- Of the limits: three entries.

class HeldEvictionTest : public HeldCacheTest {
 protected:
  HeldEvictionTest() {
    options_.max_entries = 3;
    Open();
    Put("a", "value");
    Put(second_, "value");
    Put(third_, "value");
  }

  // Held when "a" was chosen.
  auto HoldSet() {
    return HeldCall("evict.chosen", [this] {
      return backend().SetRaw(new_, "value", kNoTtl).ok();
    });
  }

  const std::string second_ = Distinct(0);
  const std::string third_ = Distinct(1);
  const std::string new_ = Distinct(2);
};

TEST_F(HeldEvictionTest, IsThatOfTheVictim) {
  auto set = HoldSet();
  EXPECT_EQ(*cache().Stats().entries, 3u);
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(PathsIn(cache()), (StringSet{second_, third_, new_}));
}

TEST_F(HeldEvictionTest, AVictimThatIsReadStays) {
  auto set = HoldSet();
  EXPECT_EQ(Read("a"), "value");
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(PathsIn(cache()), (StringSet{"a", third_, new_}));
  EXPECT_EQ(cache().Stats().evictions, 1u);
}

TEST_F(HeldEvictionTest, AVictimThatIsSetStays) {
  auto set = HoldSet();
  Put("a", "newer");
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(PathsIn(cache()), (StringSet{"a", third_, new_}));
  EXPECT_EQ(Read("a"), "newer");
  EXPECT_EQ(cache().Stats().evictions, 1u);
}

TEST_F(HeldEvictionTest, AVictimThatACollidingKeyReplacesStays) {
  auto set = HoldSet();
  Put(Colliding(), "newer");
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(PathsIn(cache()), (StringSet{Colliding(), third_, new_}));
}

TEST_F(HeldEvictionTest, AVictimThatIsRemovedLeavesRoom) {
  auto set = HoldSet();
  Remove("a");
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(PathsIn(cache()), (StringSet{second_, third_, new_}));
  EXPECT_EQ(cache().Stats().evictions, 0u);
}

TEST_F(HeldEvictionTest, AVictimThatIsRemovedAndSetAgainStays) {
  auto set = HoldSet();
  Remove("a");
  Put("a", "newer");
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(PathsIn(cache()), (StringSet{"a", third_, new_}));
}

// The set began before the reads and ends after them: they count.
TEST_F(HeldEvictionTest, ReadsDuringASetOfTheirEntryAreNotForgotten) {
  auto set = HeldCall("set.ticked", [this] {
    return backend().SetRaw("a", "newer", kNoTtl).ok();
  });
  EXPECT_EQ(Read(second_), "value");
  EXPECT_EQ(Read("a"), "value");
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(Read(third_), "value");
  Put(new_, "value");
  EXPECT_EQ(PathsIn(cache()), (StringSet{"a", third_, new_}));
}

// --- Of the values in memory: a flush makes the oldest one leave.

class HeldDemotionTest : public HeldCacheTest {
 protected:
  // With a key of two bytes, one less fits.
  static constexpr int kValues = 10;
  static constexpr size_t kValueBytes = 800;

  HeldDemotionTest() {
    options_.write_behind_bytes = uint64_t{1} << 20;
    lru::test_hash_mask = ~uint64_t{0};
    Open();
    for (int i = 0; i < kValues; ++i) Put(Path(i), Value(i));
  }

  static std::string Path(int i) { return std::string("k") + char('a' + i); }
  static std::string Value(int i) {
    return std::string(kValueBytes, static_cast<char>('a' + i));
  }
  bool IsAway(int i) {
    return Reaches("load.begin", [&] { (void)Read(Path(i)); });
  }

  // Held when the first was chosen.
  auto HoldFlush() {
    return HeldCall("demote.chosen", [this] { return cache().Flush().ok(); });
  }
};

TEST_F(HeldDemotionTest, TheOldestValueLeaves) {
  auto flush = HoldFlush();
  EXPECT_TRUE(flush.Finish());
  for (int i = 1; i < kValues; ++i) EXPECT_FALSE(IsAway(i)) << i;
  EXPECT_TRUE(IsAway(0));
}

TEST_F(HeldDemotionTest, AValueThatIsReadStays) {
  auto flush = HoldFlush();
  EXPECT_EQ(Read(Path(0)), Value(0));
  EXPECT_TRUE(flush.Finish());
  EXPECT_FALSE(IsAway(0));
  EXPECT_TRUE(IsAway(1));
}

TEST_F(HeldDemotionTest, AValueThatIsSetStaysAndLeavesRoom) {
  auto flush = HoldFlush();
  Put(Path(0), "newer");
  EXPECT_TRUE(flush.Finish());
  EXPECT_FALSE(IsAway(0));
  EXPECT_EQ(Read(Path(0)), "newer");
  EXPECT_FALSE(IsAway(1));
  Flush();
  EXPECT_EQ(ProblemsIn(cache()), Strings());
  EXPECT_EQ(Read(Path(0)), "newer");
}

TEST_F(HeldDemotionTest, AnEntryThatIsRemovedStaysRemovedAndLeavesRoom) {
  auto flush = HoldFlush();
  Remove(Path(0));
  EXPECT_TRUE(flush.Finish());
  EXPECT_EQ(Read(Path(0)), "<miss>");
  EXPECT_FALSE(IsAway(1));
  Flush();
  EXPECT_EQ(Rows().size(), 9u);
  EXPECT_EQ(ProblemsIn(cache()), Strings());
}

TEST_F(HeldDemotionTest, AClearMakesNothingLeave) {
  auto flush = HoldFlush();
  Clear();
  Put(Path(0), "newer");
  EXPECT_TRUE(flush.Finish());
  EXPECT_FALSE(IsAway(0));
  ExpectExactly({Path(0) + "|newer"});
}

}  // namespace
}  // namespace appcache::held_victim_test
