// The judge of the concurrency tests finds what is impossible, and only that.

#include "tests/fault/history.h"

#include <gtest/gtest.h>

#include <vector>

namespace appcache::history_test {
namespace {

using Kind = Event::Kind;

Event Set(uint64_t value, int64_t begin, int64_t end) {
  return {Kind::kSet, 1, value, begin, end};
}
Event Remove(int64_t begin, int64_t end) {
  return {Kind::kRemove, 1, 0, begin, end};
}
Event Hit(uint64_t value, int64_t begin, int64_t end) {
  return {Kind::kHit, 1, value, begin, end};
}
Event Miss(int64_t begin, int64_t end) {
  return {Kind::kMiss, 1, 0, begin, end};
}

bool Possible(const std::vector<Event>& events,
              Misses misses = Misses::kOnlyWhenRemoved) {
  return FindImpossible(events, misses).empty();
}

TEST(HistoryTest, AHitOfTheLatestSetIsPossible) {
  EXPECT_TRUE(Possible({Set(1, 10, 20), Set(2, 30, 40), Hit(2, 50, 60)}));
}

TEST(HistoryTest, AHitOfAReplacedValueIsNot) {
  EXPECT_FALSE(Possible({Set(1, 10, 20), Set(2, 30, 40), Hit(1, 50, 60)}));
}

TEST(HistoryTest, EitherOfTwoSetsAtOnceMayWin) {
  EXPECT_TRUE(Possible({Set(1, 10, 30), Set(2, 20, 40), Hit(1, 50, 60)}));
  EXPECT_TRUE(Possible({Set(1, 10, 30), Set(2, 20, 40), Hit(2, 50, 60)}));
}

TEST(HistoryTest, AReadDuringASetMayHitTheOldValueOrTheNew) {
  EXPECT_TRUE(Possible({Set(1, 10, 20), Set(2, 30, 60), Hit(1, 40, 50)}));
  EXPECT_TRUE(Possible({Set(1, 10, 20), Set(2, 30, 60), Hit(2, 40, 50)}));
}

TEST(HistoryTest, AValueThatWasSeenIsNotUnseenAgain) {
  EXPECT_FALSE(Possible(
      {Set(1, 10, 20), Set(2, 30, 90), Hit(2, 40, 50), Hit(1, 60, 70)}));
}

TEST(HistoryTest, AHitOfARemovedValueIsImpossible) {
  EXPECT_FALSE(Possible({Set(1, 10, 20), Remove(30, 40), Hit(1, 50, 60)},
                        Misses::kAlways));
}

TEST(HistoryTest, AHitOfAValueFromNowhereOrFromTheFutureIsImpossible) {
  EXPECT_FALSE(Possible({Set(1, 10, 20), Hit(7, 30, 40)}));
  EXPECT_FALSE(Possible({Hit(1, 10, 20), Set(1, 30, 40)}));
}

TEST(HistoryTest, AMissIsPossibleBeforeTheFirstSetAndAfterARemoval) {
  EXPECT_TRUE(Possible({Miss(1, 2), Set(1, 10, 20)}));
  EXPECT_TRUE(Possible({Set(1, 10, 20), Remove(30, 40), Miss(50, 60)}));
  EXPECT_TRUE(Possible({Set(1, 10, 20), Remove(30, 70), Miss(50, 60)}));
}

TEST(HistoryTest, AMissOfAnEntryThatWasSetIsImpossibleWithoutEviction) {
  const std::vector<Event> events = {Set(1, 10, 20), Remove(30, 40),
                                     Set(2, 50, 60), Miss(70, 80)};
  EXPECT_FALSE(Possible(events));
  EXPECT_TRUE(Possible(events, Misses::kAlways));
}

TEST(HistoryTest, OfTwoRemovalsTheOneThatEndedLastExplainsAMiss) {
  EXPECT_TRUE(
      Possible({Remove(5, 60), Remove(7, 9), Set(1, 10, 20), Miss(70, 80)}));
}

TEST(HistoryTest, KeysAreJudgedApart) {
  Event other = Set(2, 30, 40);
  other.key = 2;
  EXPECT_TRUE(Possible({Set(1, 10, 20), other, Hit(1, 50, 60)}));
}

}  // namespace
}  // namespace appcache::history_test
