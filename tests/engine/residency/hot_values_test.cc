// HotValues: what it finds, what it forgets, and how much it holds.

#include "engine/residency/hot_values.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/random.h"

namespace appcache::residency {
namespace {

constexpr uint64_t kRoom = uint64_t{1} << 20;

class HotValuesTest : public testing::Test {
 protected:
  HotValues hot{kRoom};
};

std::optional<std::string> Find(HotValues& hot, int64_t h,
                                std::string_view key) {
  uint64_t version = 0;
  const auto found = hot.Find(h, key, version);
  if (!found) return std::nullopt;
  return std::string(found->value.view());
}

uint64_t VersionOf(HotValues& hot, int64_t h) {
  uint64_t version = 0;
  EXPECT_FALSE(hot.Find(h, "a key that nobody has", version));
  return version;
}

void Publish(HotValues& hot, int64_t h, std::string_view key,
             std::string_view value) {
  hot.Publish(h, key, {Bytes::Copy(value)}, VersionOf(hot, h));
}

TEST_F(HotValuesTest, APublishedValueIsFoundByHashAndKey) {
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
  Publish(hot, 1, "a", "value");
  EXPECT_EQ(Find(hot, 1, "a"), "value");
  EXPECT_EQ(Find(hot, 2, "a"), std::nullopt);
}

TEST_F(HotValuesTest, AnotherKeyWithTheSameHashIsNotFound) {
  Publish(hot, 1, "a", "value");
  EXPECT_EQ(Find(hot, 1, "b"), std::nullopt);
  Publish(hot, 1, "b", "other");
  EXPECT_EQ(Find(hot, 1, "b"), "other");
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
}

TEST_F(HotValuesTest, TheExpiryTimeIsKept) {
  hot.Publish(1, "a", {Bytes::Copy("value"), 1234}, VersionOf(hot, 1));
  uint64_t version = 0;
  EXPECT_EQ(hot.Find(1, "a", version)->expires_at_ms, 1234);
}

TEST_F(HotValuesTest, AHitSharesTheBytes) {
  const Bytes value = Bytes::Copy("value");
  hot.Publish(1, "a", {value}, VersionOf(hot, 1));
  uint64_t version = 0;
  EXPECT_EQ(hot.Find(1, "a", version)->value.data(), value.data());
}

TEST_F(HotValuesTest, ADroppedValueIsGone) {
  Publish(hot, 1, "a", "value");
  Publish(hot, 2, "b", "value");
  hot.Drop(1);
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
  EXPECT_EQ(Find(hot, 2, "b"), "value");
  hot.DropAll();
  EXPECT_EQ(Find(hot, 2, "b"), std::nullopt);
  EXPECT_EQ(hot.bytes(), 0u);
}

// A read that began before a write committed may bring the old value.
TEST_F(HotValuesTest, AValueThatWasReadBeforeADropIsNotPublished) {
  const uint64_t before = VersionOf(hot, 1);
  hot.Drop(1);
  hot.Publish(1, "a", {Bytes::Copy("old")}, before);
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
  const uint64_t between = VersionOf(hot, 1);
  hot.DropAll();
  hot.Publish(1, "a", {Bytes::Copy("old")}, between);
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
  Publish(hot, 1, "a", "new");
  EXPECT_EQ(Find(hot, 1, "a"), "new");
}

// Two reads during a commit: the one that has read the old value is the last.
TEST_F(HotValuesTest, NothingIsPublishedWhileAWriteIsHeld) {
  const uint64_t version = VersionOf(hot, 1);
  hot.Hold(1);
  hot.Hold(1);
  hot.Publish(1, "a", {Bytes::Copy("new")}, version);
  hot.Publish(1, "a", {Bytes::Copy("old")}, version);
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
  hot.DropHeld(1);
  Publish(hot, 1, "a", "still held");
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
  hot.DropHeld(1);
  Publish(hot, 1, "a", "newer");
  EXPECT_EQ(Find(hot, 1, "a"), "newer");
}

TEST_F(HotValuesTest, AnOlderReadDoesNotReplaceWhatAWriteHasLeftOut) {
  Publish(hot, 1, "a", "first");
  const uint64_t before = VersionOf(hot, 1);
  hot.Drop(1);
  Publish(hot, 1, "a", "second");
  hot.Publish(1, "a", {Bytes::Copy("first")}, before);
  EXPECT_EQ(Find(hot, 1, "a"), "second");
}

TEST_F(HotValuesTest, AValueAboveAnEighthOfTheRoomIsNotKept) {
  Publish(hot, 1, "a", std::string(kRoom / 8, 'v'));
  EXPECT_EQ(Find(hot, 1, "a"), std::nullopt);
  const std::string fits(kRoom / 8 - 1000, 'v');
  Publish(hot, 1, "a", fits);
  EXPECT_TRUE(Find(hot, 1, "a") == fits);
}

TEST_F(HotValuesTest, WithoutRoomNothingIsKept) {
  const auto none = std::make_unique<HotValues>(0);
  Publish(*none, 1, "a", "");
  EXPECT_EQ(Find(*none, 1, "a"), std::nullopt);
}

TEST_F(HotValuesTest, TheRoomIsNeverExceeded) {
  RandomSource random;
  for (int i = 0; i < 20'000; ++i) {
    const auto h = static_cast<int64_t>(random.Bits());
    Publish(hot, h, std::to_string(h), std::string(random.Below(4000), 'v'));
    ASSERT_LE(hot.bytes(), kRoom);
  }
  EXPECT_GT(hot.bytes(), kRoom / 2);
}

TEST_F(HotValuesTest, ALargeValueFindsRoomInOtherShards) {
  RandomSource random;
  for (int i = 0; i < 20'000; ++i) {
    const auto h = static_cast<int64_t>(random.Bits());
    Publish(hot, h, std::to_string(h), std::string(100, 'v'));
  }
  const std::string large(kRoom / 8 - 1000, 'v');
  Publish(hot, 1, "a", large);
  EXPECT_TRUE(Find(hot, 1, "a") == large);
  EXPECT_LE(hot.bytes(), kRoom);
}

// CLOCK: a value that is read again and again stays.
TEST_F(HotValuesTest, AValueInUseOutlivesValuesThatAreReadOnce) {
  RandomSource random;
  Publish(hot, 1, "hot", "value");
  for (int i = 0; i < 50'000; ++i) {
    const auto h = static_cast<int64_t>(random.Bits());
    Publish(hot, h, std::to_string(h), std::string(300, 'v'));
    ASSERT_EQ(Find(hot, 1, "hot"), "value") << "after " << i << " others";
  }
}

// Few hashes that differ in their lower bits only, so that runs in the table
// are long, and records are moved when one of a run is erased.
TEST_F(HotValuesTest, BehavesAsAMap) {
  RandomSource random;
  std::map<int64_t, std::pair<std::string, std::string>> model;
  for (int i = 0; i < 200'000; ++i) {
    const auto h =
        static_cast<int64_t>(random.Below(4) << 58 | random.Below(24) << 3);
    const std::string key = std::to_string(random.Below(2));
    const uint64_t operation = random.Below(1000);
    if (operation < 400) {
      const std::string value = std::to_string(i);
      Publish(hot, h, key, value);
      model[h] = {key, value};
    } else if (operation < 600) {
      hot.Drop(h);
      model.erase(h);
    } else if (operation == 999) {
      hot.DropAll();
      model.clear();
    }
    const auto found = model.find(h);
    const bool is_there = found != model.end() && found->second.first == key;
    ASSERT_EQ(Find(hot, h, key),
              is_there ? std::optional(found->second.second) : std::nullopt)
        << "step " << i;
  }
}

}  // namespace
}  // namespace appcache::residency
