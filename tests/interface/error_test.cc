#include "appcache/error.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace appcache::error_test {
namespace {

TEST(ErrorTest, EveryCodeHasAName) {
  EXPECT_EQ(ToString(ErrorCode::kUnavailable), "unavailable");
  EXPECT_EQ(ToString(ErrorCode::kTimeout), "timeout");
  EXPECT_EQ(ToString(ErrorCode::kInvalidKey), "invalid_key");
  EXPECT_EQ(ToString(ErrorCode::kInvalidArgument), "invalid_argument");
  EXPECT_EQ(ToString(ErrorCode::kTooLarge), "too_large");
  EXPECT_EQ(ToString(ErrorCode::kCorrupt), "corrupt");
  EXPECT_EQ(ToString(ErrorCode::kBusy), "busy");
  EXPECT_EQ(ToString(ErrorCode::kFull), "full");
  EXPECT_EQ(ToString(ErrorCode::kUnsupported), "unsupported");
  EXPECT_EQ(ToString(ErrorCode::kInternal), "internal");
}

TEST(ErrorTest, TextContainsCodeMessageAndNativeCode) {
  EXPECT_EQ(ToString(Error{ErrorCode::kBusy, "held by another", 5}),
            "busy: held by another (5)");
}

TEST(ErrorTest, TextOmitsANativeCodeOfZero) {
  EXPECT_EQ(ToString(Error{ErrorCode::kFull, "no room", 0}), "full: no room");
}

TEST(StatusTest, DefaultIsSuccess) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.ToString(), "ok");
  EXPECT_FALSE(status.Is(ErrorCode::kInternal));
}

TEST(StatusTest, AFailureReturnsItsError) {
  const Status status(ErrorCode::kTimeout, "no answer", 110);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(status.Is(ErrorCode::kTimeout));
  EXPECT_FALSE(status.Is(ErrorCode::kBusy));
  EXPECT_EQ(status.error().message, "no answer");
  EXPECT_EQ(status.error().native_code, 110);
  EXPECT_EQ(status.ToString(), "timeout: no answer (110)");
}

TEST(StatusTest, CopiesShareTheError) {
  const Status status(ErrorCode::kBusy, "held");
  const Status copy = status;  // NOLINT(performance-unnecessary-copy-*)
  EXPECT_EQ(&copy.error(), &status.error());
}

TEST(StatusTest, OutOfMemoryIsFull) {
  EXPECT_TRUE(Status::OutOfMemory().Is(ErrorCode::kFull));
  EXPECT_EQ(Status::OutOfMemory().ToString(), "full: out of memory");
}

TEST(ResultTest, ContainsAValue) {
  Result<std::string> result(std::string("value"));
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(static_cast<bool>(result));
  EXPECT_TRUE(result.status().ok());
  EXPECT_EQ(*result, "value");
  EXPECT_EQ(result->size(), 5u);
}

TEST(ResultTest, ContainsAStatus) {
  const Result<int> result(Status(ErrorCode::kCorrupt, "damaged"));
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(result.status().ToString(), "corrupt: damaged");
}

TEST(ResultTest, ConvertsFromAnError) {
  const Result<int> result(Error{ErrorCode::kFull, "no room", 28});
  EXPECT_EQ(result.error().native_code, 28);
}

TEST(ResultTest, AMoveOnlyValueCanBeTaken) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

}  // namespace
}  // namespace appcache::error_test
