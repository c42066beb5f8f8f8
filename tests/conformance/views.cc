// ViewRaw: a read that shows the value to a visitor.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

// The result of a view, and what its visitor saw.
struct View {
  std::optional<std::string> value;  // of the last call
  int calls = 0;
  Lookup<size_t> result = Lookup<size_t>::Miss();
};

View ViewOf(Backend& backend, std::string_view path) {
  View view;
  view.result = backend.ViewRaw(path, [&](std::string_view value) {
    view.value = std::string(value);
    ++view.calls;
  });
  return view;
}

// Compared as a whole: a difference is not worth printing megabytes.
void ExpectSees(Backend& backend, std::string_view path,
                std::string_view value) {
  const View view = ViewOf(backend, path);
  ASSERT_TRUE(view.result) << view.result.status().ToString();
  EXPECT_EQ(view.calls, 1);
  EXPECT_TRUE(view.value == value) << "of " << value.size() << " bytes";
  EXPECT_EQ(*view.result, value.size());
}

void ExpectMiss(Backend& backend, std::string_view path) {
  const View view = ViewOf(backend, path);
  EXPECT_FALSE(view.result);
  EXPECT_TRUE(view.result.status().ok()) << view.result.status().ToString();
  EXPECT_EQ(view.calls, 0);
}

TEST_P(ConformanceTest, AViewShowsTheValueOnceAndReturnsItsSize) {
  ASSERT_TRUE(backend().SetRaw("p/a", "value", kNoTtl).ok());
  ASSERT_TRUE(backend().SetRaw("p/b", "other value", kNoTtl).ok());
  ExpectSees(backend(), "p/a", "value");
  ExpectSees(backend(), "p/b", "other value");
  ASSERT_TRUE(backend().SetRaw("p/a", "new", kNoTtl).ok());
  ExpectSees(backend(), "p/a", "new");
}

TEST_P(ConformanceTest, AViewOfAMissDoesNotCallTheVisitor) {
  ExpectMiss(backend(), "p/none");
  ASSERT_TRUE(backend().SetRaw("p/a", "value", Units(2)).ok());
  PassTime(1);
  ExpectSees(backend(), "p/a", "value");
  PassTime(1);
  ExpectMiss(backend(), "p/a");
  ASSERT_TRUE(backend().SetRaw("p/a", "value", kNoTtl).ok());
  ASSERT_TRUE(backend().InvalidateRaw("p/a").ok());
  ExpectMiss(backend(), "p/a");
}

TEST_P(ConformanceTest, AViewShowsAnEmptyValue) {
  ASSERT_TRUE(backend().SetRaw("p/a", "", kNoTtl).ok());
  ExpectSees(backend(), "p/a", "");
}

TEST_P(ConformanceTest, AViewShowsAnyBytes) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  ASSERT_TRUE(backend().SetRaw("p/a", all, kNoTtl).ok());
  ExpectSees(backend(), "p/a", all);
}

TEST_P(ConformanceTest, AViewShowsALargeValueAsAWhole) {
  const uint64_t limit = backend().Traits().max_value_bytes;
  constexpr size_t kMiB = size_t{1} << 20;
  for (const size_t size : {kMiB - 200, kMiB, 4 * kMiB + 1}) {
    if (size > limit) continue;
    std::string value(size, 'v');
    value.front() = 'f';
    value.back() = 'b';
    ASSERT_TRUE(backend().SetRaw("p", value, kNoTtl).ok());
    ExpectSees(backend(), "p", value);
  }
}

TEST_P(ConformanceTest, AViewOfAKeyOverTheLimitIsInvalid) {
  const uint64_t limit = backend().Traits().max_key_bytes;
  if (limit > size_t{64} << 20) return;  // out of reach of a test
  const View view = ViewOf(backend(), std::string(limit + 1, 'k'));
  EXPECT_TRUE(view.result.status().Is(ErrorCode::kInvalidKey))
      << view.result.status().ToString();
  EXPECT_EQ(view.calls, 0);
}

TEST_P(ConformanceTest, TheVisitorOfAViewMayRead) {
  ASSERT_TRUE(backend().SetRaw("p/a", "outer", kNoTtl).ok());
  ASSERT_TRUE(backend().SetRaw("p/b", "inner", kNoTtl).ok());
  int calls = 0;
  const Lookup<size_t> viewed =
      backend().ViewRaw("p/a", [&](std::string_view outer) {
        ++calls;
        ExpectSees(backend(), "p/b", "inner");
        ExpectSees(backend(), "p/a", "outer");
        ExpectMiss(backend(), "p/none");
        const Lookup<Bytes> inner = backend().GetRaw("p/b");
        EXPECT_TRUE(inner && inner->view() == "inner");
        EXPECT_EQ(outer, "outer");
      });
  EXPECT_TRUE(viewed) << viewed.status().ToString();
  EXPECT_EQ(calls, 1);
}

// It may be refused. Then, or when it succeeds, the visitor still sees the old
// value.
TEST_P(ConformanceTest, AWriteInAViewIsDoneOrInvalid) {
  ASSERT_TRUE(backend().SetRaw("p/a", "old", kNoTtl).ok());
  Status written;
  const Lookup<size_t> viewed =
      backend().ViewRaw("p/a", [&](std::string_view value) {
        written = backend().SetRaw("p/a", "new", kNoTtl);
        EXPECT_EQ(value, "old");
      });
  EXPECT_TRUE(viewed) << viewed.status().ToString();
  EXPECT_TRUE(written.ok() || written.Is(ErrorCode::kInvalidArgument))
      << written.ToString();
  ExpectSees(backend(), "p/a", written.ok() ? "new" : "old");
  EXPECT_TRUE(backend().InvalidateRaw("p/a").ok());
}

// A backend that does not count has zeros in both.
TEST_P(ConformanceTest, AViewCountsAsAGet) {
  ASSERT_TRUE(backend().SetRaw("p/a", "v", kNoTtl).ok());
  const CacheStats before = backend().Stats();
  (void)backend().GetRaw("p/a").is_hit();
  (void)backend().GetRaw("p/none").is_hit();
  const CacheStats gets = backend().Stats();
  ExpectSees(backend(), "p/a", "v");
  ExpectMiss(backend(), "p/none");
  const CacheStats after = backend().Stats();
  EXPECT_EQ(after.hits - gets.hits, gets.hits - before.hits);
  EXPECT_EQ(after.misses - gets.misses, gets.misses - before.misses);
  EXPECT_EQ(after.read_errors, before.read_errors);
}

}  // namespace
}  // namespace appcache
