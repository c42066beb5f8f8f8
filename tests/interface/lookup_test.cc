#include "appcache/lookup.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace appcache::lookup_test {
namespace {

TEST(LookupTest, AHitHasItsValueAndNoError) {
  Lookup<std::string> found = Lookup<std::string>::Hit("value");
  EXPECT_TRUE(found.is_hit());
  EXPECT_TRUE(static_cast<bool>(found));
  EXPECT_FALSE(found.has_error());
  EXPECT_TRUE(found.status().ok());
  EXPECT_EQ(*found, "value");
  EXPECT_EQ(found->size(), 5u);
}

TEST(LookupTest, AMissHasNoError) {
  const auto missed = Lookup<int>::Miss();
  EXPECT_FALSE(missed.is_hit());
  EXPECT_FALSE(missed.has_error());
  EXPECT_TRUE(missed.status().ok());
}

TEST(LookupTest, AFailureIsAMissWithAnError) {
  const auto failed = Lookup<int>::Failed(Status(ErrorCode::kBusy, "held", 5));
  EXPECT_FALSE(failed);
  EXPECT_TRUE(failed.has_error());
  EXPECT_EQ(failed.error().code, ErrorCode::kBusy);
  EXPECT_EQ(failed.status().error().native_code, 5);
}

TEST(LookupTest, AHitOfFalseIsAHit) {
  const auto found = Lookup<bool>::Hit(false);
  EXPECT_TRUE(found.is_hit());
  EXPECT_FALSE(*found);
}

TEST(LookupTest, ValueOrGivesTheFallbackForMissAndFailureOnly) {
  EXPECT_EQ(Lookup<int>::Hit(1).value_or(2), 1);
  EXPECT_EQ(Lookup<int>::Miss().value_or(2), 2);
  const auto failed = Lookup<int>::Failed(Status::OutOfMemory());
  EXPECT_EQ(failed.value_or(2), 2);
}

TEST(LookupTest, AMoveOnlyValueCanBeTaken) {
  using Pointer = std::unique_ptr<int>;
  auto found = Lookup<Pointer>::Hit(std::make_unique<int>(7));
  const Pointer taken = *std::move(found);
  EXPECT_EQ(*taken, 7);
  EXPECT_EQ(*Lookup<Pointer>::Hit(std::make_unique<int>(8)).value_or(nullptr),
            8);
}

}  // namespace
}  // namespace appcache::lookup_test
