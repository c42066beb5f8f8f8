// A hit that is held before it stores its tick, and what is freed only after
// it: the entry, its record, and the tables.

#include <gtest/gtest.h>

#include <string>

#include "tests/engine/held_cache.h"

namespace appcache::held_hit_test {
namespace {

class HeldHitTest : public HeldCacheTest {
 protected:
  HeldHitTest() {
    Open();
    Put("a", "old");
  }

  auto HoldGet(const std::string& path) {
    return HeldCall("hit.store", [this, path] { return Read(path); });
  }

  // Frees all that no reader can use.
  void Reclaim() { Flush(); }

  // Sets and removes a path until its shard passes what was removed to the
  // reclaimer, which it does not with a few entries.
  void Churn(const std::string& path) {
    for (int i = 0; i < 64; ++i) {
      Put(path, "churn");
      Remove(path);
    }
  }

  uint64_t Retired() { return *cache().Stats().retired_bytes; }
};

TEST_F(HeldHitTest, AReplacedEntryIsFreedAfterIt) {
  auto get = HoldGet("a");
  for (int i = 0; i < 64; ++i) Put("a", "new");
  Reclaim();
  EXPECT_GT(Retired(), 0u);
  EXPECT_EQ(get.Finish(), "old");
  Reclaim();
  EXPECT_EQ(Retired(), 0u);
  ExpectExactly({"a|new"});
}

TEST_F(HeldHitTest, ARemovedEntryIsFreedAfterIt) {
  auto get = HoldGet("a");
  Remove("a");
  Churn("a");
  Reclaim();
  EXPECT_GT(Retired(), 0u);
  EXPECT_EQ(get.Finish(), "old");
  Reclaim();
  EXPECT_EQ(Retired(), 0u);
  ExpectExactly({});
}

TEST_F(HeldHitTest, AClearedEntryIsFreedAfterIt) {
  auto get = HoldGet("a");
  Clear();
  Reclaim();
  EXPECT_GT(Retired(), 0u);
  EXPECT_EQ(get.Finish(), "old");
  Reclaim();
  EXPECT_EQ(Retired(), 0u);
  ExpectExactly({});
}

// A hit that is late stores its tick in a record that no other entry has.
TEST_F(HeldHitTest, ItsTickIsNotThatOfAnotherEntry) {
  auto get = HoldGet("a");
  Remove("a");
  Churn("a");
  Reclaim();
  // They would have the record of "a", if it were free.
  constexpr int kOthers = 7;
  for (int i = 0; i < kOthers; ++i) Put(Distinct(i), "value");
  Strings order;
  for (int i = kOthers; i-- > 0;) {
    EXPECT_EQ(Read(Distinct(i)), "value");
    order.push_back(Distinct(i));
  }
  EXPECT_EQ(get.Finish(), "old");
  EXPECT_EQ(FlushedOrder(cache()), order);
}

// The record of a replaced entry is that of the new one, whose tick is larger.
TEST_F(HeldHitTest, ItsTickDoesNotMakeANewEntryOlder) {
  options_.max_entries = 2;
  cache_.reset();
  Open();
  Put("a", "old");
  auto get = HoldGet("a");
  Put(Distinct(0), "value");
  Put("a", "new");
  EXPECT_EQ(get.Finish(), "old");
  EXPECT_EQ(FlushedOrder(cache()), (Strings{Distinct(0), "a"}));
  Put(Distinct(1), "value");
  EXPECT_EQ(PathsIn(cache()), (StringSet{"a", Distinct(1)}));
}

TEST_F(HeldHitTest, ItsTickDoesNotMakeAFlushedEntryOlder) {
  auto get = HoldGet("a");
  Put(Distinct(0), "value");
  Put("a", "new");
  Flush();
  EXPECT_EQ(get.Finish(), "old");
  EXPECT_EQ(FlushedOrder(cache()), (Strings{Distinct(0), "a"}));
}

// The key is compared before, so a hit of a colliding key is none of the new
// entry.
TEST_F(HeldHitTest, ItsTickDoesNotMakeACollidingEntryOlder) {
  auto get = HoldGet("a");
  Put(Distinct(0), "value");
  Put(Colliding(), "new");
  EXPECT_EQ(get.Finish(), "old");
  EXPECT_EQ(FlushedOrder(cache()), (Strings{Distinct(0), Colliding()}));
  EXPECT_EQ(Read("a"), "<miss>");
}

TEST_F(HeldHitTest, AnEntryIsVisibleWithItsTick) {
  const std::string path = Distinct(0);
  {
    auto set = HeldCall("directory.publish", [&] {
      return backend().SetRaw(path, "value", kNoTtl).ok();
    });
    EXPECT_EQ(Read(path), "<miss>");
    EXPECT_TRUE(set.Finish());
  }
  EXPECT_EQ(Read(path), "value");
  auto set = HeldCall("directory.publish", [&] {
    return backend().SetRaw("a", "new", kNoTtl).ok();
  });
  EXPECT_EQ(Read("a"), "old");
  EXPECT_TRUE(set.Finish());
  EXPECT_EQ(Read("a"), "new");
  EXPECT_EQ(FlushedOrder(cache()), (Strings{path, "a"}));
}

// --- A collection that is held between its stamp and its look for readers.

TEST_F(HeldHitTest, WhatIsRetiredAfterTheStampWaitsForTheReadersAfterIt) {
  Churn(Distinct(0));
  auto flush =
      HeldCall("reclaim.stamped", [this] { return cache().Flush().ok(); });
  auto get = HoldGet("a");
  Remove("a");
  Churn("a");
  EXPECT_TRUE(flush.Finish());
  EXPECT_GT(Retired(), 0u);
  EXPECT_EQ(get.Finish(), "old");
  Reclaim();
  EXPECT_EQ(Retired(), 0u);
}

// A reader that began in the epoch of the stamp.
TEST_F(HeldHitTest, WhatIsStampedWaitsForTheReadersBeforeTheStamp) {
  auto flush =
      HeldCall("flush.committed", [this] { return cache().Flush().ok(); });
  auto get = HoldGet("a");
  Remove("a");
  Churn("a");
  EXPECT_TRUE(flush.Finish());
  EXPECT_GT(Retired(), 0u);
  EXPECT_EQ(get.Finish(), "old");
  Reclaim();
  EXPECT_EQ(Retired(), 0u);
  ExpectExactly({});
}

TEST_F(HeldHitTest, ACollectionDoesNotWaitForAnother) {
  Churn("a");
  auto flush =
      HeldCall("reclaim.stamped", [this] { return cache().Flush().ok(); });
  Put("a", "new");
  Reclaim();
  EXPECT_GT(Retired(), 0u);
  EXPECT_TRUE(flush.Finish());
  Reclaim();
  EXPECT_EQ(Retired(), 0u);
  ExpectExactly({"a|new"});
}

}  // namespace
}  // namespace appcache::held_hit_test
