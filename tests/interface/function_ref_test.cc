// FunctionRef: what it can refer to, and what it returns.

#include "appcache/function_ref.h"

#include <gtest/gtest.h>

#include <memory>
#include <type_traits>

namespace appcache::function_ref_test {
namespace {

int Twice(int value) { return 2 * value; }

int CallWith(int value, FunctionRef<int(int)> callable) {
  return callable(value);
}

void CallWithoutResult(int value, FunctionRef<void(int)> callable) {
  callable(value);
}

TEST(FunctionRefTest, RefersToAFunction) {
  EXPECT_EQ(CallWith(3, Twice), 6);
  EXPECT_EQ(CallWith(3, &Twice), 6);
}

TEST(FunctionRefTest, RefersToTheCallableItself) {
  int calls = 0;
  auto count = [&calls, own = 0](int value) mutable {
    calls = ++own;
    return value;
  };
  EXPECT_EQ(CallWith(1, count), 1);
  EXPECT_EQ(CallWith(2, count), 2);
  EXPECT_EQ(calls, 2);
}

TEST(FunctionRefTest, RefersToAConstCallable) {
  const auto increment = [](int value) { return value + 1; };
  EXPECT_EQ(CallWith(3, increment), 4);
}

TEST(FunctionRefTest, DiscardsAResultThatIsNotWanted) {
  int seen = 0;
  CallWithoutResult(3, [&](int value) { return seen = value; });
  EXPECT_EQ(seen, 3);
  CallWithoutResult(3, Twice);
}

TEST(FunctionRefTest, PassesOnAMoveOnlyArgument) {
  int seen = 0;
  const auto take = [&](std::unique_ptr<int> value) { seen = *value; };
  const FunctionRef<void(std::unique_ptr<int>)> callable(take);
  callable(std::make_unique<int>(3));
  EXPECT_EQ(seen, 3);
}

TEST(FunctionRefTest, DoesNotConvertFromAnotherSignature) {
  EXPECT_FALSE((std::is_constructible_v<FunctionRef<int(int)>, int (*)(int*)>));
  EXPECT_FALSE(
      (std::is_constructible_v<FunctionRef<int*(int)>, decltype(Twice)&>));
}

}  // namespace
}  // namespace appcache::function_ref_test
