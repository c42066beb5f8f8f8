// What every backend does, one operation at a time.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/cache.h"
#include "tests/interface/backends.h"

namespace appcache {
namespace {

using std::string_view_literals::operator""sv;

class BackendTest : public BackendTestBase {};

INSTANTIATE_TEST_SUITE_P(All, BackendTest, testing::ValuesIn(Backends()),
                         NameOfBackend);

std::string ValueOf(Cache& cache, std::string_view path) {
  const Lookup<Bytes> found = cache.GetRaw(path);
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}

TEST_P(BackendTest, WhatWasNeverSetIsAMiss) {
  EXPECT_EQ(ValueOf(*cache_, "pyappcache/none"), "<miss>");
}

TEST_P(BackendTest, WhatWasSetIsThere) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "value", kNoTtl).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "value");
}

TEST_P(BackendTest, ASetReplaces) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "a longer value", kNoTtl).ok());
  ASSERT_TRUE(cache_->SetRaw("p/a", "short", kNoTtl).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "short");
}

TEST_P(BackendTest, AnInvalidateRemoves) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "1", kNoTtl).ok());
  ASSERT_TRUE(cache_->SetRaw("p/b", "2", kNoTtl).ok());
  ASSERT_TRUE(cache_->InvalidateRaw("p/a").ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "<miss>");
  EXPECT_EQ(ValueOf(*cache_, "p/b"), "2");
}

TEST_P(BackendTest, AnInvalidateOfNothingIsSuccess) {
  EXPECT_TRUE(cache_->InvalidateRaw("p/none").ok());
}

TEST_P(BackendTest, AClearRemovesEverythingWhateverThePrefix) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "1", kNoTtl).ok());
  ASSERT_TRUE(cache_->SetRaw("another prefix/b", "2", kNoTtl).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "<miss>");
  EXPECT_EQ(ValueOf(*cache_, "another prefix/b"), "<miss>");
  ASSERT_TRUE(cache_->SetRaw("p/a", "3", kNoTtl).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "3");
}

TEST_P(BackendTest, AClearOfNothingIsSuccess) {
  EXPECT_TRUE(cache_->Clear().ok());
}

TEST_P(BackendTest, AnEmptyValueIsAHit) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "", kNoTtl).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "");
}

TEST_P(BackendTest, AnyBytesAreAValue) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  ASSERT_TRUE(cache_->SetRaw("p/a", all, kNoTtl).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), all);
}

TEST_P(BackendTest, ALargeValueIsAValue) {
  const std::string large(
      std::min<uint64_t>(3'000'000, cache_->Traits().max_value_bytes - 100),
      'v');
  ASSERT_TRUE(cache_->SetRaw("p/a", large, kNoTtl).ok());
  EXPECT_TRUE(ValueOf(*cache_, "p/a") == large);
}

TEST_P(BackendTest, AnyBytesAreAKey) {
  std::vector<std::string> keys = {"p",
                                   "p/",
                                   "p//",
                                   "p/.",
                                   "p/..",
                                   "../p",
                                   "/",
                                   "",
                                   " ",
                                   "p\n",
                                   "p\r\n",
                                   "'",
                                   "\"",
                                   "%",
                                   "*",
                                   std::string(200, '/'),
                                   std::string(5000, 'k')};
  for (int byte = 0; byte < 256; ++byte) {
    keys.push_back("byte/" + std::string(1, static_cast<char>(byte)));
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    ASSERT_TRUE(cache_->SetRaw(keys[i], std::to_string(i), kNoTtl).ok());
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(ValueOf(*cache_, keys[i]), std::to_string(i)) << keys[i];
  }
}

TEST_P(BackendTest, KeysThatAreAlmostTheSameDoNotMeet) {
  const std::array keys = {"p/a"sv,  "p/A"sv, "p/a "sv, "p/a\0"sv,
                           "p/a/"sv, "P/a"sv, "p/aa"sv};
  for (const std::string_view key : keys) {
    ASSERT_TRUE(cache_->SetRaw(key, key, kNoTtl).ok());
  }
  for (const std::string_view key : keys) {
    EXPECT_EQ(ValueOf(*cache_, key), key);
  }
}

TEST_P(BackendTest, AnEntryEndsExactlyWithItsTtl) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "value", TtlOf(1500)).ok());
  PassTime(1499);
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "value");
  PassTime(1);
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "<miss>");
}

TEST_P(BackendTest, ATtlCountsFromTheLastSet) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "1", TtlOf(1000)).ok());
  PassTime(900);
  ASSERT_TRUE(cache_->SetRaw("p/a", "2", TtlOf(1000)).ok());
  PassTime(900);
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "2");
  PassTime(100);
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "<miss>");
}

TEST_P(BackendTest, ASetWithoutATtlTakesTheOldOneAway) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "1", TtlOf(1)).ok());
  ASSERT_TRUE(cache_->SetRaw("p/a", "2", kNoTtl).ok());
  PassTime(1'000'000);
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "2");
}

TEST_P(BackendTest, TheShortestAndTheLongestTtlWork) {
  ASSERT_TRUE(cache_->SetRaw("p/short", "s", TtlOf(1)).ok());
  ASSERT_TRUE(cache_->SetRaw("p/long", "l", kMaxTtl).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/short"), "s");
  PassTime(1);
  EXPECT_EQ(ValueOf(*cache_, "p/short"), "<miss>");
  EXPECT_EQ(ValueOf(*cache_, "p/long"), "l");
}

TEST_P(BackendTest, AnEndedEntryCanBeSetAgain) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "1", TtlOf(1)).ok());
  PassTime(5);
  ASSERT_TRUE(cache_->SetRaw("p/a", "2", TtlOf(1)).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "2");
}

TEST_P(BackendTest, AValueOutlivesWhatHappensToItsEntry) {
  ASSERT_TRUE(cache_->SetRaw("p/a", "value", kNoTtl).ok());
  const Lookup<Bytes> found = cache_->GetRaw("p/a");
  ASSERT_TRUE(found);
  ASSERT_TRUE(cache_->SetRaw("p/a", "other", kNoTtl).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  EXPECT_EQ(found->view(), "value");
}

TEST_P(BackendTest, BatchesEqualSingleOperations) {
  const std::array<Cache::RawEntry, 3> entries = {
      {{"p/a", "1", kNoTtl}, {"p/b", "2", TtlOf(5)}, {"p/c", "", kNoTtl}}};
  const std::array paths = {"p/c"sv, "p/none"sv, "p/b"sv, "p/a"sv};
  ASSERT_TRUE(cache_->SetManyRaw(entries).ok());
  auto found = cache_->GetManyRaw(paths);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0]->view(), "");
  EXPECT_FALSE(found[1].is_hit() || found[1].has_error());
  EXPECT_EQ(found[2]->view(), "2");
  EXPECT_EQ(found[3]->view(), "1");
  PassTime(5);
  EXPECT_FALSE(cache_->GetManyRaw(paths)[2]);
  ASSERT_TRUE(cache_->InvalidateManyRaw(paths).ok());
  EXPECT_EQ(ValueOf(*cache_, "p/a"), "<miss>");
  EXPECT_EQ(ValueOf(*cache_, "p/c"), "<miss>");
}

TEST_P(BackendTest, EmptyBatchesAreSuccess) {
  EXPECT_TRUE(cache_->GetManyRaw({}).empty());
  EXPECT_TRUE(cache_->SetManyRaw({}).ok());
  EXPECT_TRUE(cache_->InvalidateManyRaw({}).ok());
}

TEST_P(BackendTest, TheWholeInterfaceWorksOverIt) {
  struct PageKey {
    using value_type = std::string;
    int id;
    void AppendTo(KeyPath& path) const { path.Segment("page").Segment(id); }
    Key<int> namespace_key() const { return Key<int>("version"); }
    bool should_compress(const std::string&, std::string_view) const {
      return true;
    }
  };
  int loads = 0;
  const auto load = [&] { return "page " + std::to_string(++loads); };
  ASSERT_TRUE(cache_->Set(Key<int>("version"), 1).ok());
  EXPECT_EQ(cache_->GetVia(PageKey{7}, load), "page 1");
  EXPECT_EQ(cache_->GetVia(PageKey{7}, load), "page 1");
  EXPECT_TRUE(ValueOf(*cache_, "pyappcache/1/page/7").starts_with("\x1f\x8b"));
  ASSERT_TRUE(cache_->Set(Key<int>("version"), 2).ok());
  EXPECT_FALSE(cache_->Get(PageKey{7}));
  ASSERT_TRUE(cache_->SetVia(PageKey{7}, "written", [](auto&) {}).ok());
  EXPECT_EQ(*cache_->Get(PageKey{7}), "written");
  EXPECT_EQ(*cache_->GetByStr<std::string>("2/page/7"), "written");
  EXPECT_TRUE(log_.lines().empty());
}

TEST_P(BackendTest, CachesOfOnePlaceShareItAndPrefixesKeepThemApart) {
  if (!GetParam().is_shared) {
    EXPECT_FALSE(Open()->GetRaw("pyappcache/k"));
    return;
  }
  const auto same = Open();
  const auto other = Open("other");
  ASSERT_TRUE(cache_->Set(Key<int>("k"), 1).ok());
  ASSERT_TRUE(other->Set(Key<int>("k"), 2).ok());
  EXPECT_EQ(same->Get(Key<int>("k")).value_or(0), 1);
  EXPECT_EQ(other->Get(Key<int>("k")).value_or(0), 2);
  ASSERT_TRUE(same->Invalidate(Key<int>("k")).ok());
  EXPECT_FALSE(cache_->Get(Key<int>("k")));
  EXPECT_TRUE(other->Get(Key<int>("k")));
}

}  // namespace
}  // namespace appcache
