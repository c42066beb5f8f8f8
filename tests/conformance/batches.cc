// Batches of raw operations.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/conformance.h"

namespace appcache {
namespace {

using std::string_view_literals::operator""sv;

TEST_P(ConformanceTest, BatchesDoWhatSingleOperationsDo) {
  const std::array<RawEntry, 3> entries = {
      {{"p/a", "1", kNoTtl}, {"p/b", "2", Units(5)}, {"p/c", "", kNoTtl}}};
  const std::array paths = {"p/c"sv, "p/none"sv, "p/b"sv, "p/a"sv};
  ASSERT_TRUE(backend().SetManyRaw(entries).ok());
  auto found = backend().GetManyRaw(paths);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(ValueOf(found[0]), "");
  EXPECT_FALSE(found[1].is_hit() || found[1].has_error());
  EXPECT_EQ(ValueOf(found[2]), "2");
  EXPECT_EQ(ValueOf(found[3]), "1");
  PassTime(5);
  EXPECT_FALSE(backend().GetManyRaw(paths)[2]);
  ASSERT_TRUE(backend().InvalidateManyRaw(paths).ok());
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
  EXPECT_EQ(StoredAt("p/c"), "<miss>");
}

TEST_P(ConformanceTest, EmptyBatchesSucceed) {
  EXPECT_TRUE(backend().GetManyRaw({}).empty());
  EXPECT_TRUE(backend().SetManyRaw({}).ok());
  EXPECT_TRUE(backend().InvalidateManyRaw({}).ok());
}

// The last entry wins, as in a sequence of single sets.
TEST_P(ConformanceTest, ABatchMayNameAKeyTwice) {
  const std::array<RawEntry, 2> entries = {
      {{"p/a", "1", kNoTtl}, {"p/a", "2", kNoTtl}}};
  const std::array paths = {"p/a"sv, "p/a"sv};
  ASSERT_TRUE(backend().SetManyRaw(entries).ok());
  const auto found = backend().GetManyRaw(paths);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(ValueOf(found[0]), "2");
  EXPECT_EQ(ValueOf(found[1]), "2");
  EXPECT_TRUE(backend().InvalidateManyRaw(paths).ok());
  EXPECT_EQ(StoredAt("p/a"), "<miss>");
}

TEST_P(ConformanceTest, ALargeBatchWorks) {
  constexpr size_t kEntries = 5000;
  std::vector<std::string> names;
  for (size_t i = 0; i < kEntries; ++i)
    names.push_back("p/" + std::to_string(i));
  std::vector<RawEntry> entries;
  for (const std::string& name : names) entries.push_back({name, name, kNoTtl});
  ASSERT_TRUE(backend().SetManyRaw(entries).ok());
  const std::vector<std::string_view> paths(names.rbegin(), names.rend());
  const auto found = backend().GetManyRaw(paths);
  ASSERT_EQ(found.size(), kEntries);
  for (size_t i = 0; i < kEntries; ++i) {
    ASSERT_TRUE(found[i].is_hit()) << found[i].status().ToString();
    ASSERT_EQ(found[i]->view(), paths[i]);
  }
}

}  // namespace
}  // namespace appcache
