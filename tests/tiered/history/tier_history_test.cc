// The checker of histories finds each kind of violation, and nothing else.

#include "tests/tiered/history/tier_history.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace appcache {
namespace {

using Kind = HistoryEvent::Kind;
constexpr int64_t kMs = 1'000'000;
constexpr TierGuarantees kGuarantees{std::chrono::milliseconds(100),
                                     std::chrono::milliseconds(5)};

// Times are in milliseconds. Every call takes one.
HistoryEvent Set(int32_t process, uint64_t value, int64_t at, int64_t ttl = 0,
                 int32_t acknowledged = 1) {
  return {Kind::kSet, 0,         process,  acknowledged,
          value,      ttl * kMs, at * kMs, (at + 1) * kMs};
}
HistoryEvent Remove(int32_t process, int64_t at) {
  return {Kind::kRemove, 0, process, 1, 0, 0, at * kMs, (at + 1) * kMs};
}
HistoryEvent Hit(int32_t process, uint64_t value, int64_t at) {
  return {Kind::kHit, 0, process, 1, value, 0, at * kMs, (at + 1) * kMs};
}

std::string Check(const std::vector<HistoryEvent>& events) {
  const std::vector<std::string> violations =
      FindViolations(events, kGuarantees);
  return violations.empty() ? "" : violations[0];
}

void ExpectFound(const std::vector<HistoryEvent>& events,
                 const std::string& violation) {
  EXPECT_NE(Check(events).find(violation), std::string::npos)
      << "'" << Check(events) << "' should say '" << violation << "'";
}

TEST(TierHistoryTest, AValueThatNobodyWroteIsAViolation) {
  ExpectFound({Set(1, 7, 0), Hit(1, 8, 10)}, "never written");
  HistoryEvent other = Hit(1, 7, 10);
  other.key = 1;
  ExpectFound({Set(1, 7, 0), other}, "never written");
  ExpectFound({Hit(1, 7, 0), Set(1, 7, 10)}, "written later");
}

TEST(TierHistoryTest, AnotherProcessMayReadAReplacedValueForMaxStaleness) {
  const std::vector<HistoryEvent> writes = {Set(1, 7, 0), Set(1, 8, 10)};
  for (const int64_t at : {12, 60, 111}) {
    std::vector<HistoryEvent> events = writes;
    events.push_back(Hit(2, 7, at));
    EXPECT_EQ(Check(events), "");
  }
  std::vector<HistoryEvent> events = writes;
  events.push_back(Hit(2, 7, 112));
  ExpectFound(events, "by another process");
}

TEST(TierHistoryTest, AProcessMustReadItsOwnWrites) {
  ExpectFound({Set(1, 7, 0), Set(1, 8, 10), Hit(1, 7, 12)}, "own process");
  ExpectFound({Set(2, 7, 0), Remove(1, 10), Hit(1, 7, 12)}, "own process");
  // The read began before the write had ended.
  EXPECT_EQ(Check({Set(1, 7, 0), Set(1, 8, 10), Hit(1, 7, 11)}), "");
}

TEST(TierHistoryTest, ConcurrentWritesMayHaveEitherOrder) {
  EXPECT_EQ(Check({Set(1, 7, 10), Set(2, 8, 10), Hit(1, 7, 500)}), "");
  EXPECT_EQ(Check({Set(1, 7, 10), Set(2, 8, 10), Hit(1, 8, 500)}), "");
}

TEST(TierHistoryTest, AFailedWriteReplacesNothingAndMayBeRead) {
  EXPECT_EQ(Check({Set(1, 7, 0), Set(1, 8, 10, 0, 0), Hit(1, 7, 500)}), "");
  EXPECT_EQ(Check({Set(1, 8, 0, 0, 0), Set(1, 7, 10), Hit(1, 8, 500)}), "");
}

TEST(TierHistoryTest, AnExpiredValueIsAViolation) {
  EXPECT_EQ(Check({Set(1, 7, 0, 50), Hit(1, 7, 56)}), "");
  ExpectFound({Set(1, 7, 0, 50), Hit(1, 7, 57)}, "had expired");
}

}  // namespace
}  // namespace appcache
