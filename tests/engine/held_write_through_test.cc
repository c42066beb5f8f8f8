// A set of a large value, held when SQLite has its row and before it is
// visible.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <tuple>

#include "tests/engine/held_cache.h"

namespace appcache::held_write_through_test {
namespace {

class HeldWriteThroughTest : public HeldCacheTest {
 public:
  using HeldCacheTest::Clear;
  using HeldCacheTest::Colliding;
  using HeldCacheTest::Flush;
  using HeldCacheTest::Put;
  using HeldCacheTest::PutAway;
  using HeldCacheTest::Remove;

 protected:
  HeldWriteThroughTest() {
    options_.write_behind_bytes = kWindowBytes;
    Open();
  }

  // Too large for the window.
  static std::string Huge(char letter) {
    return std::string(kWindowBytes / 8 + 1, letter);
  }
  auto HoldSet(const char* point = "through.written") {
    return HeldCall(point, [this] {
      return backend().SetRaw("a", Huge('h'), kNoTtl).ok();
    });
  }

  static constexpr uint64_t kWindowBytes = 64 << 10;
};

struct Before {
  const char* name;
  std::function<void(HeldWriteThroughTest&)> make;
};
void PrintTo(const Before& before, std::ostream* out) { *out << before.name; }

struct During {
  const char* name;
  std::function<void(HeldWriteThroughTest&)> make;
  const char* value;  // null: the large one
};
void PrintTo(const During& during, std::ostream* out) { *out << during.name; }

const Before kBefore[] = {
    {"NoEntry", [](HeldWriteThroughTest&) {}},
    {"PendingEntry", [](HeldWriteThroughTest& t) { t.Put("a", "old"); }},
    {"CleanEntry",
     [](HeldWriteThroughTest& t) {
       t.Put("a", "old");
       t.Flush();
     }},
    {"EntryThatIsAway", [](HeldWriteThroughTest& t) { t.PutAway("a", 'o'); }},
    {"RemovedEntry",
     [](HeldWriteThroughTest& t) {
       t.PutAway("a", 'o');
       t.Remove("a");
     }},
    {"ClearedEntry",
     [](HeldWriteThroughTest& t) {
       t.PutAway("a", 'o');
       t.Clear();
     }},
    {"CollidingKey",
     [](HeldWriteThroughTest& t) { t.PutAway(t.Colliding(), 'o'); }},
};

// The set is the later one, except that a Clear discards what it has written.
const During kDuring[] = {
    {"Nothing", [](HeldWriteThroughTest&) {}, nullptr},
    {"Set", [](HeldWriteThroughTest& t) { t.Put("a", "new"); }, nullptr},
    {"Removal", [](HeldWriteThroughTest& t) { t.Remove("a"); }, nullptr},
    {"SetAndRemoval",
     [](HeldWriteThroughTest& t) {
       t.Put("a", "new");
       t.Remove("a");
     },
     nullptr},
    {"SetOfACollidingKey",
     [](HeldWriteThroughTest& t) { t.Put(t.Colliding(), "new"); }, nullptr},
    {"Clear", [](HeldWriteThroughTest& t) { t.Clear(); }, "<miss>"},
    {"ClearAndSet",
     [](HeldWriteThroughTest& t) {
       t.Clear();
       t.Put("a", "new");
     },
     "new"},
};

class HeldWriteThroughRaceTest
    : public HeldWriteThroughTest,
      public testing::WithParamInterface<std::tuple<Before, During>> {};

TEST_P(HeldWriteThroughRaceTest, PublishesUnlessTheCacheWasCleared) {
  const auto& [before, during] = GetParam();
  before.make(*this);
  auto set = HoldSet();
  during.make(*this);
  EXPECT_TRUE(set.Finish());
  const std::string value = during.value != nullptr ? during.value : Huge('h');
  EXPECT_EQ(Read("a"), value);
  ExpectExactly(value == "<miss>" ? Strings() : Strings{"a|" + value});
  EXPECT_EQ(Read("a"), value);
}

INSTANTIATE_TEST_SUITE_P(Changes, HeldWriteThroughRaceTest,
                         testing::Combine(testing::ValuesIn(kBefore),
                                          testing::ValuesIn(kDuring)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) +
                                  "And" + std::get<1>(info.param).name;
                         });

// --- What others see before it is published.

TEST_F(HeldWriteThroughTest, TheRowOfANewEntryIsNotVisible) {
  auto set = HoldSet();
  EXPECT_EQ(Rows(), Strings{"a|" + Huge('h')});
  EXPECT_EQ(Read("a"), "<miss>");
  EXPECT_EQ(*cache().Stats().entries, 0u);
  EXPECT_TRUE(set.Finish());
  ExpectExactly({"a|" + Huge('h')});
}

TEST_F(HeldWriteThroughTest, TheRowOfARemovedEntryIsNotVisible) {
  PutAway("a", 'o');
  auto set = HoldSet("writer.commit");
  Remove("a");
  set.RunTo("through.written");
  EXPECT_EQ(Read("a"), "<miss>");
  EXPECT_TRUE(set.Finish());
  ExpectExactly({"a|" + Huge('h')});
}

TEST_F(HeldWriteThroughTest, APendingEntryIsVisibleUntilThen) {
  Put("a", "old");
  auto set = HoldSet();
  EXPECT_EQ(Read("a"), "old");
  Put("a", "new");
  EXPECT_EQ(Read("a"), "new");
  EXPECT_TRUE(set.Finish());
  ExpectExactly({"a|" + Huge('h')});
}

// A set whose commit fails leaves a removal, because it may have taken effect.
TEST_F(HeldWriteThroughTest, AFailureLeavesWhatIsSetBeforeIt) {
  options_.busy_timeout = std::chrono::milliseconds(0);
  Reopen();
  WriteBlocker blocker(kName);
  blocker.Refuse("a");
  auto set = HoldSet("writer.commit");
  Put("a", "new");
  EXPECT_FALSE(set.Finish());
  EXPECT_EQ(Read("a"), "new");
  blocker.Accept();
  ExpectExactly({"a|new"});
}

}  // namespace
}  // namespace appcache::held_write_through_test
