// A call that compares the key of a value in SQLite while another thread
// changes the entry. Its answer is about the entry that the directory then has.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "tests/engine/held_cache.h"

namespace appcache::held_key_test {
namespace {

using std::chrono::milliseconds;

class HeldKeyTest : public HeldCacheTest {
 protected:
  HeldKeyTest() { Open(); }

  auto HoldTtl(const char* point) {
    return HeldCall(point, [this]() -> std::string {
      const Lookup<Ttl> ttl = backend().TtlRaw("a");
      return ttl ? std::to_string(ttl->count()) : "<miss>";
    });
  }
  // At the second comparison: the first one is that of a look before the wait
  // for room.
  auto HoldAdd(const char* point) {
    return HeldCall(
        point,
        [this] {
          const Result<bool> added = backend().AddRaw("a", "added", kNoTtl);
          EXPECT_TRUE(added.ok()) << added.status().ToString();
          return added.ok() && *added;
        },
        2);
  }
  auto HoldRemoval(const char* point) {
    return HeldCall(point, [this] {
      Remove("a");
      return true;
    });
  }

  // The comparison is one of addresses, so none may be used again.
  void ExpectNothingIsFreed() {
    for (int i = 0; i < 100; ++i) PutAway(other_, 'o');
    EXPECT_GT(*cache().Stats().retired_bytes, 50 * Large('o').size());
  }

  const std::string other_ = Colliding();
};

// --- Ttl.

// The row is read later than the entry, and may be that of a newer one.
TEST_F(HeldKeyTest, ATtlIsThatOfTheEntryWhoseKeyWasRead) {
  PutAway(other_, 'o', Ttl(5000));
  auto ttl = HoldTtl("key.begin");
  PutAway("a", 'a', Ttl(1000));
  EXPECT_EQ(ttl.Finish(), "1000");
}

TEST_F(HeldKeyTest, ATtlIsThatOfASetAfterTheKeyWasRead) {
  PutAway(other_, 'o', Ttl(5000));
  auto ttl = HoldTtl("key.read");
  Put("a", "new", Ttl(1000));
  EXPECT_EQ(ttl.Finish(), "1000");
}

TEST_F(HeldKeyTest, ATtlOfAnEntryThatIsReplacedByACollidingKeyIsAMiss) {
  PutAway("a", 'a', Ttl(1000));
  auto ttl = HoldTtl("key.read");
  Put(other_, "new", Ttl(5000));
  EXPECT_EQ(ttl.Finish(), "<miss>");
}

TEST_F(HeldKeyTest, ATtlOfAnEntryThatIsRemovedOrClearedIsAMiss) {
  PutAway("a", 'a', Ttl(1000));
  auto removed = HoldTtl("key.read");
  Remove("a");
  EXPECT_EQ(removed.Finish(), "<miss>");
  PutAway("a", 'a', Ttl(1000));
  auto cleared = HoldTtl("key.read");
  Clear();
  EXPECT_EQ(cleared.Finish(), "<miss>");
}

TEST_F(HeldKeyTest, TheEntryWhoseTtlIsReadIsNotFreed) {
  PutAway(other_, 'o');
  auto ttl = HoldTtl("key.read");
  ExpectNothingIsFreed();
  EXPECT_EQ(ttl.Finish(), "<miss>");
}

// --- Add.

TEST_F(HeldKeyTest, AnAddReplacesACollidingKey) {
  PutAway(other_, 'o');
  auto add = HoldAdd("key.read");
  EXPECT_TRUE(add.Finish());
  ExpectExactly({"a|added"});
}

TEST_F(HeldKeyTest, AnAddDoesNotReplaceASetAfterTheKeyWasRead) {
  PutAway(other_, 'o');
  auto add = HoldAdd("key.read");
  Put("a", "new");
  EXPECT_FALSE(add.Finish());
  ExpectExactly({"a|new"});
}

TEST_F(HeldKeyTest, AnAddDoesNotReplaceASetWhoseValueIsAwayAgain) {
  PutAway(other_, 'o');
  auto add = HoldAdd("key.read");
  PutAway("a", 'a');
  EXPECT_FALSE(add.Finish());
  ExpectExactly({"a|" + Large('a')});
}

TEST_F(HeldKeyTest, AnAddDoesNotReplaceASetAfterTheEntryHasExpired) {
  PutAway("a", 'a', Ttl(1000));
  // The sweep does not remove it.
  options_.expiry_sweep_interval = milliseconds(1'000'000);
  Reopen();
  clock_->Advance(milliseconds(1000));
  // The look before it sees the same entry.
  auto add = HoldAdd("key.read");
  PutAway("a", 'b');
  EXPECT_FALSE(add.Finish());
  ExpectExactly({"a|" + Large('b')});
}

TEST_F(HeldKeyTest, AnAddReplacesANewerEntryOfACollidingKey) {
  PutAway(other_, 'o');
  auto add = HoldAdd("key.read");
  Put(other_, "new");
  EXPECT_TRUE(add.Finish());
  ExpectExactly({"a|added"});
}

TEST_F(HeldKeyTest, AnAddLooksAgainIfTheRowWasThatOfALaterEntry) {
  PutAway(other_, 'o');
  auto add = HoldAdd("key.begin");
  PutAway("a", 'a');
  Remove("a");
  EXPECT_TRUE(add.Finish());
  ExpectExactly({"a|added"});
}

TEST_F(HeldKeyTest, AnAddAfterARemovalOrAClearAdds) {
  PutAway(other_, 'o');
  auto removed = HoldAdd("key.read");
  Remove(other_);
  Flush();
  EXPECT_TRUE(removed.Finish());
  PutAway(other_, 'o');
  auto cleared = HoldAdd("key.read");
  Clear();
  EXPECT_TRUE(cleared.Finish());
  ExpectExactly({"a|added"});
}

TEST_F(HeldKeyTest, TheEntryThatAnAddReplacesIsNotFreed) {
  PutAway(other_, 'o');
  auto add = HoldAdd("key.read");
  ExpectNothingIsFreed();
  EXPECT_TRUE(add.Finish());
  ExpectExactly({"a|added"});
}

// --- Removals.

TEST_F(HeldKeyTest, ARemovalDoesNotRemoveACollidingKeyThatIsSetLater) {
  PutAway("a", 'a');
  auto removal = HoldRemoval("key.read");
  Put(other_, "new");
  removal.Finish();
  ExpectExactly({other_ + "|new"});
}

TEST_F(HeldKeyTest, ARemovalDoesNotRemoveACollidingKeyThatIsAway) {
  PutAway("a", 'a');
  auto removal = HoldRemoval("key.read");
  PutAway(other_, 'o');
  removal.Finish();
  ExpectExactly({other_ + "|" + Large('o')});
}

// The row is that of the key, and the entry that was found is not.
TEST_F(HeldKeyTest, ARemovalComparesAgainIfTheRowWasThatOfALaterEntry) {
  PutAway(other_, 'o');
  auto removal = HoldRemoval("key.begin");
  PutAway("a", 'a');
  removal.RunTo("key.read");
  PutAway(other_, 'p');
  removal.Finish();
  ExpectExactly({other_ + "|" + Large('p')});
}

TEST_F(HeldKeyTest, ARemovalRemovesASetThatComesWhileItCompares) {
  PutAway("a", 'a');
  auto resident = HoldRemoval("key.read");
  Put("a", "new");
  resident.Finish();
  ExpectExactly({});
  PutAway(other_, 'o');
  auto away = HoldRemoval("key.read");
  PutAway("a", 'b');
  away.Finish();
  ExpectExactly({});
}

TEST_F(HeldKeyTest, TheEntryThatARemovalComparesIsNotFreed) {
  PutAway(other_, 'o');
  auto removal = HoldRemoval("key.read");
  ExpectNothingIsFreed();
  removal.Finish();
  ExpectExactly({other_ + "|" + Large('o')});
}

TEST_F(HeldKeyTest, ARemovalAfterAClearRemovesNothing) {
  PutAway("a", 'a');
  auto removal = HoldRemoval("key.read");
  Clear();
  PutAway(other_, 'o');
  removal.Finish();
  ExpectExactly({other_ + "|" + Large('o')});
}

}  // namespace
}  // namespace appcache::held_key_test
