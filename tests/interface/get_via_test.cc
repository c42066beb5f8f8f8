// GetVia in one thread. See also get_via_threads_test.cc.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::get_via_test {
namespace {

using Operation = MapCache::Operation;

class GetViaTest : public testing::Test {
 protected:
  // A loader of "loaded" that counts its calls.
  auto Loader() {
    return [this] {
      ++loads_;
      return std::string("loaded");
    };
  }

  // Calls `write` while the value is being loaded.
  std::string GetDuring(const std::function<void()>& write) {
    return cache_.GetVia(key_, [&] {
      write();
      return std::string("loaded");
    });
  }

  CapturedLog log_;
  MapCache cache_{log_.options()};
  const Key<std::string> key_{"k"};
  int loads_ = 0;
};

TEST_F(GetViaTest, AMissLoadsAndStores) {
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
  EXPECT_EQ(loads_, 1);
  EXPECT_EQ(*cache_.Get(key_), "loaded");
}

TEST_F(GetViaTest, AHitDoesNotLoad) {
  ASSERT_TRUE(cache_.Set(key_, "cached").ok());
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "cached");
  EXPECT_EQ(loads_, 0);
}

TEST_F(GetViaTest, TheSecondCallIsAHit) {
  (void)cache_.GetVia(key_, Loader());
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
  EXPECT_EQ(loads_, 1);
}

TEST_F(GetViaTest, LoadsAgainAfterExpiry) {
  auto clock = std::make_shared<FakeClock>();
  MapCache cache(log_.options(), clock);
  LoadOptions options;
  options.ttl = std::chrono::seconds(1);
  (void)cache.GetVia(key_, Loader(), options);
  clock->Advance(std::chrono::milliseconds(999));
  (void)cache.GetVia(key_, Loader(), options);
  EXPECT_EQ(loads_, 1);
  clock->Advance(std::chrono::milliseconds(1));
  (void)cache.GetVia(key_, Loader(), options);
  EXPECT_EQ(loads_, 2);
}

TEST_F(GetViaTest, AnExceptionOfTheLoaderIsPropagatedAndNothingIsStored) {
  EXPECT_THROW(cache_.GetVia(key_,
                             []() -> std::string {
                               throw std::out_of_range("no such user");
                             }),
               std::out_of_range);
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
}

TEST_F(GetViaTest, CountsLoadsAndFailures) {
  (void)cache_.GetVia(key_, Loader());
  (void)cache_.GetVia(key_, Loader());
  EXPECT_THROW(
      cache_.GetVia(Key<int>("n"), []() -> int { throw std::bad_alloc(); }),
      std::bad_alloc);
  const CacheStats stats = cache_.Stats();
  EXPECT_EQ(stats.loads, 2u);
  EXPECT_EQ(stats.load_failures, 1u);
  EXPECT_EQ(stats.loads_shared, 0u);
}

// So the number of loaders that returned, the difference, never shrinks.
TEST_F(GetViaTest, ALoadIsCountedWhenItsLoaderHasEnded) {
  const auto observe = [this] { EXPECT_EQ(cache_.Stats().loads, 0u); };
  EXPECT_THROW(cache_.GetVia(Key<int>("n"),
                             [&]() -> int {
                               observe();
                               throw std::runtime_error("no such number");
                             }),
               std::runtime_error);
  EXPECT_EQ(cache_.Stats().loads, 1u);
  EXPECT_EQ(cache_.Stats().load_failures, 1u);
}

TEST_F(GetViaTest, AValueThatDoesNotParseIsLoadedAndReplaced) {
  ASSERT_TRUE(cache_.SetByStr<std::string>("n", "not a number").ok());
  EXPECT_EQ(cache_.GetVia(Key<int>("n"), [] { return 7; }), 7);
  EXPECT_EQ(cache_.StoredAt("pyappcache/n"), "7");
}

TEST_F(GetViaTest, ASetDuringTheLoadWins) {
  EXPECT_EQ(GetDuring([&] { EXPECT_TRUE(cache_.Set(key_, "newer").ok()); }),
            "loaded");
  EXPECT_EQ(*cache_.Get(key_), "newer");
}

TEST_F(GetViaTest, AnInvalidateDuringTheLoadWins) {
  EXPECT_EQ(GetDuring([&] { EXPECT_TRUE(cache_.Invalidate(key_).ok()); }),
            "loaded");
  EXPECT_FALSE(cache_.Get(key_));
}

TEST_F(GetViaTest, AWriteByStringDuringTheLoadWins) {
  (void)GetDuring(
      [&] { EXPECT_TRUE(cache_.SetByStr<std::string>("k", "newer").ok()); });
  EXPECT_EQ(*cache_.Get(key_), "newer");
  ASSERT_TRUE(cache_.Invalidate(key_).ok());
  (void)GetDuring([&] { EXPECT_TRUE(cache_.InvalidateByStr("k").ok()); });
  EXPECT_FALSE(cache_.Get(key_));
}

TEST_F(GetViaTest, AClearDuringTheLoadWins) {
  EXPECT_EQ(GetDuring([&] { EXPECT_TRUE(cache_.Clear().ok()); }), "loaded");
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(GetViaTest, ABatchDuringTheLoadWins) {
  const std::vector<std::pair<Key<std::string>, std::string>> entries = {
      {Key<std::string>("other"), "x"}, {key_, "newer"}};
  (void)GetDuring([&] { EXPECT_TRUE(cache_.SetMany(entries).ok()); });
  EXPECT_EQ(*cache_.Get(key_), "newer");
  ASSERT_TRUE(cache_.Invalidate(key_).ok());
  const std::array keys{key_};
  (void)GetDuring([&] { EXPECT_TRUE(cache_.InvalidateMany(keys).ok()); });
  EXPECT_FALSE(cache_.Get(key_));
}

TEST_F(GetViaTest, AWriteToAnotherKeyDuringTheLoadDoesNotMatter) {
  (void)GetDuring([&] { EXPECT_TRUE(cache_.SetByStr("other", 1).ok()); });
  EXPECT_EQ(*cache_.Get(key_), "loaded");
}

// A write supersedes only the loads that began before it ended.
TEST_F(GetViaTest, TheNextLoadAfterAWriteIsStored) {
  (void)GetDuring([&] { EXPECT_TRUE(cache_.Invalidate(key_).ok()); });
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
  EXPECT_EQ(*cache_.Get(key_), "loaded");
}

TEST_F(GetViaTest, ALoaderThatAsksForItsOwnKeyDoesNotWaitForItself) {
  EXPECT_EQ(cache_.GetVia(
                key_, [&] { return "outer " + cache_.GetVia(key_, Loader()); }),
            "outer loaded");
  EXPECT_EQ(loads_, 1);
  EXPECT_EQ(*cache_.Get(key_), "outer loaded");
}

TEST_F(GetViaTest, ALoaderMayLoadOtherKeys) {
  EXPECT_EQ(cache_.GetVia(key_,
                          [&] {
                            const int n =
                                cache_.GetVia(Key<int>("n"), [] { return 7; });
                            return std::to_string(n);
                          }),
            "7");
  EXPECT_EQ(*cache_.GetByStr<int>("n"), 7);
}

TEST_F(GetViaTest, AFailingReadLoadsAndStores) {
  cache_.set_hook(
      Failing(Operation::kGet, Status(ErrorCode::kUnavailable, "down")));
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
  EXPECT_EQ(cache_.StoredAt("pyappcache/k"), "loaded");
}

TEST_F(GetViaTest, AFailingStoreIsAWarning) {
  cache_.set_hook(
      Failing(Operation::kSet, Status(ErrorCode::kFull, "disk full", 28)));
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
  EXPECT_EQ(log_.lines(),
            std::vector<std::string>{"warning: a loaded value was not stored: "
                                     "full: disk full (28)"});
}

TEST_F(GetViaTest, ABackendThatThrowsIsAWarning) {
  cache_.set_hook([](Operation, std::string_view) -> Status {
    throw std::runtime_error("bug in the backend");
  });
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.lines()[0].find("bug in the backend"), std::string::npos);
}

// The failed load must not leave a flight that others would wait for.
TEST_F(GetViaTest, ALoadWorksAfterTheBackendThrew) {
  cache_.set_hook([](Operation, std::string_view) -> Status { throw 42; });
  (void)cache_.GetVia(key_, Loader());
  cache_.set_hook(nullptr);
  EXPECT_EQ(cache_.GetVia(key_, Loader()), "loaded");
  EXPECT_EQ(loads_, 2);
  EXPECT_EQ(*cache_.Get(key_), "loaded");
}

// Throws for negative values, and for bytes that start with '!'.
struct PickySerialiser {
  static std::string Serialise(int value) {
    if (value < 0) throw std::domain_error("negative");
    return std::to_string(value);
  }
  static std::optional<int> Deserialise(const Bytes& bytes) {
    if (bytes.view().starts_with('!')) throw std::domain_error("unreadable");
    return Serialiser<int>::Deserialise(bytes);
  }
};
struct PickyKey {
  using value_type = int;
  using serialiser = PickySerialiser;
  void AppendTo(KeyPath& path) const { path.Segment("picky"); }
};

TEST_F(GetViaTest, ASerialiserThatThrowsIsAWarning) {
  EXPECT_EQ(cache_.GetVia(PickyKey(), [] { return -1; }), -1);
  EXPECT_EQ(cache_.size(), 0u);
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.lines()[0].find("negative"), std::string::npos);
  EXPECT_EQ(cache_.GetVia(PickyKey(), [] { return 5; }), 5);
  EXPECT_EQ(cache_.StoredAt("pyappcache/picky"), "5");
}

TEST_F(GetViaTest, ADeserialiserThatThrowsIsAMiss) {
  ASSERT_TRUE(cache_.SetByStr<std::string>("picky", "!").ok());
  EXPECT_EQ(cache_.GetVia(PickyKey(), [] { return 5; }), 5);
  EXPECT_EQ(cache_.StoredAt("pyappcache/picky"), "5");
}

struct PointerSerialiser {
  static std::string Serialise(const std::unique_ptr<int>& value) {
    return std::to_string(*value);
  }
  static std::optional<std::unique_ptr<int>> Deserialise(const Bytes& bytes) {
    const std::optional<int> value = Serialiser<int>::Deserialise(bytes);
    if (!value) return std::nullopt;
    return std::make_unique<int>(*value);
  }
};
struct PointerKey {
  using value_type = std::unique_ptr<int>;
  using serialiser = PointerSerialiser;
  void AppendTo(KeyPath& path) const { path.Segment("pointer"); }
};

TEST_F(GetViaTest, AValueNeedNotBeCopyable) {
  EXPECT_EQ(
      *cache_.GetVia(PointerKey(), [] { return std::make_unique<int>(7); }), 7);
  EXPECT_EQ(
      *cache_.GetVia(PointerKey(), [] { return std::make_unique<int>(8); }), 7);
}

}  // namespace
}  // namespace appcache::get_via_test
