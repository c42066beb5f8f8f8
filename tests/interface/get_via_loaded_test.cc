// GetVia with loaders that return a Loaded.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "appcache/testing/fake_clock.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::get_via_loaded_test {
namespace {

using std::chrono::seconds;
using Text = Loaded<std::string>;

class GetViaLoadedTest : public testing::Test {
 protected:
  CacheOptions Options() const {
    CacheOptions options = log_.options();
    options.load_clock = clock_;
    return options;
  }

  // The value, or "<none>".
  std::string Get(const Text& loaded, const LoadOptions& options = {}) {
    return cache_
        .GetVia(
            key_,
            [&] {
              ++loads_;
              return loaded;
            },
            options)
        .value_or("<none>");
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  CapturedLog log_;
  MapCache cache_{Options(), clock_};
  const Key<std::string> key_{"k"};
  int loads_ = 0;
};

TEST_F(GetViaLoadedTest, TheLoaderDecidesWhatGetViaReturns) {
  const auto value = [] { return "value"; };
  const auto loaded = []() -> Text { return std::string("value"); };
  static_assert(
      std::is_same_v<decltype(cache_.GetVia(key_, value)), std::string>);
  static_assert(std::is_same_v<decltype(cache_.GetVia(key_, loaded)),
                               std::optional<std::string>>);
  EXPECT_EQ(cache_.GetVia(key_, loaded), "value");
}

TEST_F(GetViaLoadedTest, AValueWithoutATtlIsStoredWithTheTtlOfTheOptions) {
  LoadOptions options;
  options.ttl = seconds(5);
  EXPECT_EQ(Get(Text("value"), options), "value");
  EXPECT_EQ(*cache_.TtlOf(key_), seconds(5));
}

TEST_F(GetViaLoadedTest, AValueMayHaveItsOwnTtl) {
  LoadOptions options;
  options.ttl = seconds(5);
  EXPECT_EQ(Get(Text("value", seconds(9)), options), "value");
  EXPECT_EQ(*cache_.TtlOf(key_), seconds(9));
  ASSERT_TRUE(cache_.Invalidate(key_).ok());
  EXPECT_EQ(Get(Text("value", kNoTtl), options), "value");
  EXPECT_EQ(*cache_.TtlOf(key_), kNoTtl);
}

TEST_F(GetViaLoadedTest, ATtlOutOfRangeIsAWarningAndStoresNothing) {
  EXPECT_EQ(Get(Text("value", seconds(-1))), "value");
  EXPECT_EQ(cache_.size(), 0u);
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.lines()[0].find("invalid_argument"), std::string::npos);
}

TEST_F(GetViaLoadedTest, NotStoredIsReturnedButNotStored) {
  EXPECT_EQ(Get(Text::NotStored("value")), "value");
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ(Get(Text("other")), "other");
  EXPECT_EQ(log_.lines(), std::vector<std::string>());
}

TEST_F(GetViaLoadedTest, AHitDoesNotCallTheLoader) {
  ASSERT_TRUE(cache_.Set(key_, "cached").ok());
  EXPECT_EQ(Get(Text::NotFound(seconds(9))), "cached");
  EXPECT_EQ(loads_, 0);
}

TEST_F(GetViaLoadedTest, NotFoundIsRememberedAsLongAsTheLoaderSays) {
  EXPECT_EQ(Get(Text::NotFound(seconds(2))), "<none>");
  clock_->Advance(seconds(1));
  EXPECT_EQ(Get(Text("value")), "<none>");
  EXPECT_EQ(loads_, 1);
  EXPECT_EQ(cache_.Stats().negative_hits, 1u);
  clock_->Advance(seconds(1));
  EXPECT_EQ(Get(Text("value")), "value");
  EXPECT_EQ(cache_.Stats().negative_hits, 1u);
}

TEST_F(GetViaLoadedTest, NotFoundStoresNothing) {
  EXPECT_EQ(Get(Text::NotFound(seconds(2))), "<none>");
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_FALSE(cache_.Get(key_));
  EXPECT_EQ(log_.lines(), std::vector<std::string>());
}

TEST_F(GetViaLoadedTest, NotFoundWithoutATimeIsNotRemembered) {
  for (const seconds time : {seconds(0), seconds(-1)}) {
    EXPECT_EQ(Get(Text::NotFound(time)), "<none>");
  }
  EXPECT_EQ(Get(Text("value")), "value");
}

TEST_F(GetViaLoadedTest, NotFoundForTheMaximumTimeIsRemembered) {
  EXPECT_EQ(Get(Text::NotFound(Ttl::max())), "<none>");
  EXPECT_EQ(Get(Text("value")), "<none>");
}

TEST_F(GetViaLoadedTest, AWriteForgetsANotFound) {
  const auto forget = {
      +[](Cache& cache) { return cache.SetByStr<std::string>("k", "set"); },
      +[](Cache& cache) { return cache.InvalidateByStr("k"); },
      +[](Cache& cache) { return cache.Clear(); },
      +[](Cache& cache) {
        return cache.SetMany(
            std::vector<std::pair<Key<std::string>, std::string>>{
                {Key<std::string>("k"), "set"}});
      },
      +[](Cache& cache) {
        return cache.InvalidateMany(std::vector{Key<std::string>("k")});
      },
  };
  for (const auto write : forget) {
    ASSERT_TRUE(cache_.Clear().ok());
    ASSERT_EQ(Get(Text::NotFound(seconds(9))), "<none>");
    ASSERT_TRUE(write(cache_).ok());
    EXPECT_NE(Get(Text("loaded")), "<none>");
  }
}

// The value may have been written after the loader looked for it.
TEST_F(GetViaLoadedTest, AWriteDuringTheLoadWins) {
  EXPECT_EQ(cache_.GetVia(key_,
                          [&]() -> Text {
                            EXPECT_TRUE(cache_.Invalidate(key_).ok());
                            return Text::NotFound(seconds(9));
                          }),
            std::nullopt);
  EXPECT_EQ(Get(Text("value")), "value");
}

// GetVia could not return "none" for such a loader.
TEST_F(GetViaLoadedTest, ALoaderThatCannotReturnNotFoundIsCalledAnyway) {
  EXPECT_EQ(Get(Text::NotFound(seconds(9))), "<none>");
  EXPECT_EQ(cache_.GetVia(key_, [] { return "value"; }), "value");
  EXPECT_EQ(*cache_.Get(key_), "value");
}

TEST_F(GetViaLoadedTest, NotFoundDoesNotAffectOtherKeys) {
  EXPECT_EQ(Get(Text::NotFound(seconds(9))), "<none>");
  EXPECT_EQ(cache_.GetVia(Key<std::string>("other"),
                          []() -> Text { return std::string("value"); }),
            "value");
}

}  // namespace
}  // namespace appcache::get_via_loaded_test
