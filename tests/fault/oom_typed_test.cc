// Memory runs out in the typed operations: keys with a namespace, paths too
// long for the stack, compression, loaders.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fault/oom_loop.h"

namespace appcache::oom_typed_test {
namespace {

// 300 bytes.
const std::string& LongName() {
  static const std::string& name = *new std::string(300, 'n');
  return name;
}
const std::string& Value() {
  static const std::string& value = *new std::string(5000, 'v');
  return value;
}

struct TypedKey {
  using value_type = std::string;
  int number = 0;
  void AppendTo(KeyPath& path) const {
    path.Segment(LongName()).Segment(number);
  }
  bool should_compress(const std::string&, std::string_view) const {
    return true;
  }
  Key<std::string> namespace_key() const { return Key<std::string>("ns"); }
};

// Of several keys, those whose namespace cannot be read are left out of a
// batch; these have none.
struct BatchKey {
  using value_type = std::string;
  int number = 0;
  void AppendTo(KeyPath& path) const {
    path.Segment(LongName()).Segment(number);
  }
  bool should_compress(const std::string&, std::string_view) const {
    return true;
  }
};

struct NumberKey {
  using value_type = int;
  void AppendTo(KeyPath& path) const { path.Segment(LongName()); }
};

class OomTypedTest : public OomLoop {
 protected:
  static void Fill(SqliteCache& cache) {
    ASSERT_TRUE(cache.SetByStr<std::string>("ns", "v1").ok());
    ASSERT_TRUE(cache.Set(TypedKey{1}, Value()).ok());
    ASSERT_EQ(cache.Get(TypedKey{1}).value_or(""), Value());
    ASSERT_TRUE(cache.Set(BatchKey{1}, Value()).ok());
  }
  void FailEverywhereIn(std::function<Status(SqliteCache&)> run) {
    FailEverywhere({.prepare = Fill, .run = std::move(run)});
  }
};

TEST_P(OomTypedTest, Get) {
  FailEverywhereIn([](SqliteCache& cache) {
    const auto found = cache.Get(TypedKey{1});
    EXPECT_TRUE(found || found.has_error());
    if (found) {
      EXPECT_TRUE(*found == Value());
    }
    return found.status();
  });
}

TEST_P(OomTypedTest, Set) {
  FailEverywhereIn(
      [](SqliteCache& cache) { return cache.Set(TypedKey{2}, Value()); });
}

TEST_P(OomTypedTest, Invalidate) {
  FailEverywhereIn(
      [](SqliteCache& cache) { return cache.Invalidate(TypedKey{1}); });
}

TEST_P(OomTypedTest, SetManyIsAllOrNothing) {
  const std::vector<std::pair<BatchKey, std::string>> entries = {
      {BatchKey{2}, Value()}, {BatchKey{3}, "three"}, {BatchKey{1}, "one"}};
  FailEverywhereIn([&](SqliteCache& cache) { return cache.SetMany(entries); });
}

TEST_P(OomTypedTest, InvalidateMany) {
  const std::vector<BatchKey> keys = {BatchKey{1}, BatchKey{2}};
  FailEverywhereIn(
      [&](SqliteCache& cache) { return cache.InvalidateMany<BatchKey>(keys); });
}

// GetVia cannot say that it failed: it loads. What it has loaded is stored or
// not, and what was there is not lost.
TEST_P(OomTypedTest, GetViaReturnsTheValueAndThrowsNothing) {
  FailEverywhereIn([](SqliteCache& cache) {
    EXPECT_EQ(cache.GetVia(NumberKey(), [] { return 7; }), 7);
    const FailingMemory::Pause pause;
    const Lookup<int> stored = cache.Get(NumberKey());
    EXPECT_FALSE(stored.has_error());
    // Success is that it is there, so that the loop knows what to expect.
    return stored ? Status() : Status::OutOfMemory();
  });
}

TEST_P(OomTypedTest, GetViaOfAStoredValueReturnsIt) {
  FailEverywhereIn([](SqliteCache& cache) {
    const std::string value = cache.GetVia(TypedKey{1}, [] {
      const FailingMemory::Pause pause;
      return Value();
    });
    EXPECT_TRUE(value == Value());
    return Status();
  });
}

TEST_P(OomTypedTest, SetViaWritesAndLeavesNoOldValue) {
  FailEverywhere({.prepare =
                      [](SqliteCache& cache) {
                        Fill(cache);
                        ASSERT_TRUE(cache.Set(NumberKey(), 1).ok());
                      },
                  .run =
                      [](SqliteCache& cache) {
                        int written = 0;
                        const Status status = cache.SetVia(
                            NumberKey(), 2,
                            [&written](int value) { written = value; });
                        EXPECT_EQ(written, 2);
                        const FailingMemory::Pause pause;
                        const Lookup<int> left = cache.Get(NumberKey());
                        EXPECT_FALSE(left.has_error());
                        if (!status.ok()) {
                          // Without memory the invalidation may fail as well.
                          EXPECT_TRUE(!left || *left == 1);
                          EXPECT_TRUE(cache.Set(NumberKey(), 1).ok());
                        }
                        return status;
                      }});
}

INSTANTIATE_TEST_SUITE_P(Where, OomTypedTest,
                         testing::Values(Where::kMemory, Where::kFile),
                         NameOfWhere);

}  // namespace
}  // namespace appcache::oom_typed_test
