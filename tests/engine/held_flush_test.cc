// A flush that is held while another thread changes an entry that it writes.
// The change stays visible, the next flush writes it, and a removal is never
// undone.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/engine/held_cache.h"

namespace appcache::held_flush_test {
namespace {

using std::chrono::milliseconds;

class HeldFlushTest : public HeldCacheTest {
 public:
  using HeldCacheTest::Clear;
  using HeldCacheTest::Colliding;
  using HeldCacheTest::Flush;
  using HeldCacheTest::Large;
  using HeldCacheTest::Put;
  using HeldCacheTest::PutAway;
  using HeldCacheTest::Remove;

 protected:
  HeldFlushTest() {
    options_.busy_timeout = milliseconds(0);
    Open();
  }

  auto HoldFlush(const char* point) {
    return HeldCall(point, [this] { return cache().Flush().ok(); });
  }
};

// What is flushed, and what another thread does while it is.
struct Step {
  const char* name;
  std::function<void(HeldFlushTest&)> make;
  // The value of "a" after it. Null: as before.
  const char* value;
};
void PrintTo(const Step& step, std::ostream* out) { *out << step.name; }

// Where the flush is held, and whether it fails then.
struct Place {
  const char* name;
  const char* point;
  bool fails;
};
void PrintTo(const Place& place, std::ostream* out) { *out << place.name; }

const Place kPlaces[] = {
    {"BeforeItCollects", "flush.collecting", false},
    {"BeforeTheTransaction", "flush.collected", false},
    {"BeforeTheCommit", "writer.commit", false},
    {"AfterTheCommit", "flush.committed", false},
    {"BeforeItFails", "flush.collected", true},
};

const Step kPending[] = {
    {"NewEntry", [](HeldFlushTest& t) { t.Put("a", "1"); }, "1"},
    {"ReplacedEntry",
     [](HeldFlushTest& t) {
       t.Put("a", "0");
       t.Flush();
       t.Put("a", "1");
     },
     "1"},
    {"RemovedEntry",
     [](HeldFlushTest& t) {
       t.Put("a", "0");
       t.Flush();
       t.Remove("a");
     },
     "<miss>"},
    {"RemovedEntryThatIsAway",
     [](HeldFlushTest& t) {
       t.PutAway("a", '0');
       t.Remove("a");
     },
     "<miss>"},
    {"ClearedAndNewEntry",
     [](HeldFlushTest& t) {
       t.PutAway("a", '0');
       t.Clear();
       t.Put("a", "1");
     },
     "1"},
};

const Step kChanges[] = {
    {"Nothing", [](HeldFlushTest&) {}, nullptr},
    {"Set", [](HeldFlushTest& t) { t.Put("a", "2"); }, "2"},
    {"Removal", [](HeldFlushTest& t) { t.Remove("a"); }, "<miss>"},
    {"RemovalAndSet",
     [](HeldFlushTest& t) {
       t.Remove("a");
       t.Put("a", "2");
     },
     "2"},
    {"SetAndRemoval",
     [](HeldFlushTest& t) {
       t.Put("a", "2");
       t.Remove("a");
     },
     "<miss>"},
    {"Clear", [](HeldFlushTest& t) { t.Clear(); }, "<miss>"},
    {"ClearAndSet",
     [](HeldFlushTest& t) {
       t.Clear();
       t.Put("a", "2");
     },
     "2"},
    {"SetOfACollidingKey", [](HeldFlushTest& t) { t.Put(t.Colliding(), "2"); },
     "<miss>"},
};

class HeldFlushRaceTest
    : public HeldFlushTest,
      public testing::WithParamInterface<std::tuple<Place, Step, Step>> {};

TEST_P(HeldFlushRaceTest, TheChangeIsVisibleAndIsWrittenLater) {
  const auto& [place, pending, change] = GetParam();
  const bool collides = std::string(change.name) == "SetOfACollidingKey";
  const std::string value =
      change.value != nullptr ? change.value : pending.value;
  pending.make(*this);
  WriteBlocker blocker(kName);
  if (place.fails) blocker.TakeLock();
  auto flush = HoldFlush(place.point);
  EXPECT_EQ(Read("a"), pending.value);
  change.make(*this);
  EXPECT_EQ(Read("a"), value);
  EXPECT_EQ(flush.Finish(), !place.fails);
  EXPECT_EQ(Read("a"), value);
  if (place.fails) blocker.ReleaseLock();
  if (collides) {
    ExpectExactly({Colliding() + "|2"});
  } else {
    ExpectExactly(value == "<miss>" ? Strings() : Strings{"a|" + value});
  }
  EXPECT_EQ(Read("a"), value);
}

INSTANTIATE_TEST_SUITE_P(Changes, HeldFlushRaceTest,
                         testing::Combine(testing::ValuesIn(kPlaces),
                                          testing::ValuesIn(kPending),
                                          testing::ValuesIn(kChanges)),
                         [](const auto& info) {
                           return std::string(std::get<1>(info.param).name) +
                                  "And" + std::get<2>(info.param).name +
                                  std::get<0>(info.param).name;
                         });

// --- What SQLite has while a flush is in progress.

TEST_F(HeldFlushTest, ASetDuringAFlushIsNotInItsTransaction) {
  for (const char* const point : {"flush.collecting", "flush.collected"}) {
    SCOPED_TRACE(point);
    Put("a", "1");
    auto flush = HoldFlush(point);
    Put("a", "2");
    Put(Distinct(0), "2");
    flush.RunTo("flush.committed");
    EXPECT_EQ(Rows(), Strings{"a|1"});
    EXPECT_TRUE(flush.Finish());
    EXPECT_EQ(Rows(), Strings{"a|1"});
    EXPECT_EQ(*cache().Stats().pending_bytes, 2 + 1 + Distinct(0).size());
    Flush();
    EXPECT_EQ(Rows().size(), 2u);
    Remove("a");
    Remove(Distinct(0));
    Flush();
  }
}

// The hit was after the moment of the flush, though before it read the tick.
TEST_F(HeldFlushTest, AHitDuringAFlushIsInTheNextOne) {
  const auto last_used = [&](const std::string& path) {
    return shell_->Int(
        "SELECT last_used FROM usage JOIN entries USING (h) "
        "WHERE key = CAST('" +
        path + "' AS BLOB)");
  };
  Put("a", "1");
  Put(Distinct(0), "1");
  auto flush = HoldFlush("flush.collecting");
  EXPECT_EQ(Read("a"), "1");
  Put(Distinct(1), "1");
  EXPECT_TRUE(flush.Finish());
  Flush();
  EXPECT_LT(last_used(Distinct(0)), last_used("a"));
  EXPECT_LT(last_used("a"), last_used(Distinct(1)));
}

// The row of a removed entry is there until the commit, and nobody sees it.
TEST_F(HeldFlushTest, ARemovedEntryIsAMissUntilItsRowIsGone) {
  PutAway("a", 'v');
  Remove("a");
  auto flush = HoldFlush("writer.commit");
  EXPECT_EQ(Rows().size(), 1u);
  EXPECT_EQ(Read("a"), "<miss>");
  flush.RunTo("flush.committed");
  EXPECT_EQ(Rows(), Strings());
  EXPECT_EQ(Read("a"), "<miss>");
  EXPECT_TRUE(flush.Finish());
  ExpectExactly({});
}

TEST_F(HeldFlushTest, AClearAndTheNextChangesAreOneTransaction) {
  Put("a", "old");
  Put(Distinct(0), "old");
  Flush();
  const Strings old = Rows();
  Clear();
  EXPECT_EQ(Read("a"), "<miss>");
  EXPECT_EQ(*cache().Stats().entries, 0u);
  Put("a", "new");
  auto flush = HoldFlush("writer.commit");
  EXPECT_EQ(Rows(), old);
  flush.RunTo("flush.committed");
  EXPECT_EQ(Rows(), Strings{"a|new"});
  EXPECT_TRUE(flush.Finish());
  ExpectExactly({"a|new"});
}

// --- Only a clean value leaves memory.

TEST_F(HeldFlushTest, AValueThatReplacesALargeOneDuringTheFlushStays) {
  Put("a", Large('v'));
  auto flush = HoldFlush("flush.committed");
  Put("a", Large('w'));
  EXPECT_TRUE(flush.Finish());
  EXPECT_FALSE(Reaches("load.begin", [this] { (void)Read("a"); }));
  ExpectExactly({"a|" + Large('w')});
  EXPECT_TRUE(Reaches("load.begin", [this] { (void)Read("a"); }));
}

TEST_F(HeldFlushTest, AnEntryThatIsEvictedDuringTheFlushLeavesNoRow) {
  options_.max_entries = 2;
  cache_.reset();
  Open();
  Put("a", "1");
  Put(Distinct(0), "1");
  for (const char* const point : {"flush.collected", "flush.committed"}) {
    auto flush = HoldFlush(point);
    Put(Distinct(1), "2");
    EXPECT_TRUE(flush.Finish());
    EXPECT_EQ(Read("a"), "<miss>");
    Flush();
    EXPECT_EQ(Rows().size(), 2u);
    Remove(Distinct(0));
    Put("a", "1");
    Remove(Distinct(1));
    Put(Distinct(0), "1");
  }
}

}  // namespace
}  // namespace appcache::held_flush_test
