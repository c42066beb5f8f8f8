#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::set_via_test {
namespace {

using Operation = MapCache::Operation;

class SetViaTest : public testing::Test {
 protected:
  auto Writer() {
    return [this](const std::string& value) { database_ = value; };
  }

  MapCache cache_;
  const Key<std::string> key_{"k"};
  std::string database_ = "nothing";
};

TEST_F(SetViaTest, CallsTheWriterThenSets) {
  std::string cached_at_the_write = "?";
  EXPECT_TRUE(cache_
                  .SetVia(key_, "value",
                          [&](const std::string& value) {
                            database_ = value;
                            cached_at_the_write =
                                cache_.StoredAt("pyappcache/k");
                          })
                  .ok());
  EXPECT_EQ(database_, "value");
  EXPECT_EQ(cached_at_the_write, "<none>");
  EXPECT_EQ(*cache_.Get(key_), "value");
}

TEST_F(SetViaTest, AWriterThatThrowsLeavesTheCacheUnchanged) {
  ASSERT_TRUE(cache_.Set(key_, "old").ok());
  const auto failing = [](const std::string&) {
    throw std::runtime_error("database down");
  };
  EXPECT_THROW((void)cache_.SetVia(key_, "new", failing).ok(),
               std::runtime_error);
  EXPECT_EQ(*cache_.Get(key_), "old");
  EXPECT_THROW(
      (void)cache_.SetVia(Key<std::string>("none"), "new", failing).ok(),
      std::runtime_error);
  EXPECT_EQ(cache_.size(), 1u);
}

// The old value differs from that in the database.
TEST_F(SetViaTest, ASetThatFailsRemovesTheOldValue) {
  ASSERT_TRUE(cache_.Set(key_, "old").ok());
  cache_.set_hook(
      Failing(Operation::kSet, Status(ErrorCode::kFull, "disk full")));
  EXPECT_TRUE(cache_.SetVia(key_, "new", Writer()).Is(ErrorCode::kFull));
  EXPECT_EQ(database_, "new");
  EXPECT_FALSE(cache_.Get(key_));
}

TEST_F(SetViaTest, WhenSetAndInvalidateFailTheErrorIsThatOfSet) {
  cache_.set_hook([](Operation operation, std::string_view) {
    return operation == Operation::kSet ? Status(ErrorCode::kFull, "set")
                                        : Status(ErrorCode::kBusy, "other");
  });
  EXPECT_TRUE(cache_.SetVia(key_, "new", Writer()).Is(ErrorCode::kFull));
  EXPECT_EQ(database_, "new");
}

TEST_F(SetViaTest, ABackendThatThrowsIsAnError) {
  cache_.set_hook([](Operation, std::string_view) -> Status {
    throw std::runtime_error("bug in the backend");
  });
  EXPECT_TRUE(cache_.SetVia(key_, "new", Writer()).Is(ErrorCode::kInternal));
  EXPECT_EQ(database_, "new");
}

TEST_F(SetViaTest, ALoadInProgressIsSuperseded) {
  EXPECT_EQ(
      cache_.GetVia(key_,
                    [&] {
                      EXPECT_TRUE(cache_.SetVia(key_, "new", Writer()).ok());
                      return std::string("old");
                    }),
      "old");
  EXPECT_EQ(*cache_.Get(key_), "new");
}

TEST_F(SetViaTest, WithoutTheNamespaceItCallsTheWriterAndWarns) {
  struct NamespacedKey {
    using value_type = std::string;
    void AppendTo(KeyPath& path) const { path.Segment("k"); }
    Key<std::string> namespace_key() const { return Key<std::string>("ns"); }
  };
  CapturedLog log;
  MapCache cache(log.options());
  EXPECT_TRUE(cache.SetVia(NamespacedKey(), "value", Writer()).ok());
  EXPECT_EQ(database_, "value");
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(log.lines().size(), 1u);
}

}  // namespace
}  // namespace appcache::set_via_test
