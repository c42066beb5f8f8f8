// GetManyVia in one thread. See also get_many_via_threads_test.cc.

#include <gtest/gtest.h>

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

namespace appcache::get_many_via_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct NumberKey {
  using value_type = int;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("n").Segment(id); }
};
using Keys = std::vector<NumberKey>;
using Values = std::vector<int>;

// Records the number of keys of each batch.
class CountingBackend final : public MapBackend {
 public:
  using MapBackend::MapBackend;
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override {
    reads.push_back(paths.size());
    return MapBackend::GetManyRaw(paths);
  }
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override {
    timed_reads.push_back(paths.size());
    return MapBackend::GetManyTimedRaw(paths);
  }
  Status SetManyRaw(std::span<const RawEntry> entries) override {
    writes.push_back(entries.size());
    return MapBackend::SetManyRaw(entries);
  }
  std::vector<size_t> reads;
  std::vector<size_t> timed_reads;
  std::vector<size_t> writes;
};

class GetManyViaTest : public testing::Test {
 protected:
  CacheOptions Options() const {
    CacheOptions options = log_.options();
    options.load_clock = clock_;
    return options;
  }

  // Loads ten times the id, and records the requested ids.
  auto Loader() {
    return [this](std::span<const NumberKey> keys) {
      Values values;
      requested_.emplace_back();
      for (const NumberKey& key : keys) {
        requested_.back().push_back(key.id);
        values.push_back(key.id * 10);
      }
      return values;
    };
  }

  Values Get(const Keys& keys) {
    return cache_.GetManyVia(keys, Loader(), load_);
  }

  Values GetFailing(const Keys& keys) {
    return cache_.GetManyVia(
        keys,
        [](std::span<const NumberKey>) -> Values {
          throw std::out_of_range("down");
        },
        load_);
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  CapturedLog log_;
  const std::shared_ptr<CountingBackend> backend_ =
      std::make_shared<CountingBackend>(clock_);
  MapCache cache_{backend_, Options()};
  LoadOptions load_;
  std::vector<Values> requested_;
};

TEST_F(GetManyViaTest, OneBatchReadOneLoadAndOneBatchWrite) {
  ASSERT_TRUE(cache_.Set(NumberKey{2}, 2).ok());
  load_.ttl = seconds(5);
  EXPECT_EQ(Get({{3}, {2}, {1}}), (Values{30, 2, 10}));
  EXPECT_EQ(requested_, (std::vector<Values>{{3, 1}}));
  EXPECT_EQ(backend_->reads, (std::vector<size_t>{3}));
  EXPECT_EQ(backend_->writes, (std::vector<size_t>{2}));
  EXPECT_EQ(*cache_.TtlOf(NumberKey{1}), seconds(5));
  EXPECT_EQ(cache_.Stats().loads, 1u);
  EXPECT_EQ(log_.lines(), std::vector<std::string>());
}

TEST_F(GetManyViaTest, WhenNothingIsMissingTheLoaderIsNotCalled) {
  (void)Get({{1}, {2}});
  EXPECT_EQ(Get({{2}, {1}}), (Values{20, 10}));
  EXPECT_EQ(requested_.size(), 1u);
  EXPECT_EQ(Get({}), Values());
  EXPECT_EQ(requested_.size(), 1u);
}

TEST_F(GetManyViaTest, ADuplicateKeyIsLoadedOnce) {
  EXPECT_EQ(Get({{1}, {2}, {1}}), (Values{10, 20, 10}));
  EXPECT_EQ(requested_, (std::vector<Values>{{1, 2}}));
}

TEST_F(GetManyViaTest, ABatchOfAThousandKeysWorks) {
  Keys keys;
  Values values;
  for (int id = 0; id < 1000; ++id) {
    keys.push_back({id});
    values.push_back(id * 10);
  }
  EXPECT_EQ(Get(keys), values);
  EXPECT_EQ(Get(keys), values);
  EXPECT_EQ(requested_.size(), 1u);
}

TEST_F(GetManyViaTest, AnExceptionOfTheLoaderIsPropagatedAndNothingIsStored) {
  EXPECT_THROW(GetFailing({{1}, {2}}), std::out_of_range);
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ(cache_.Stats().load_failures, 1u);
  EXPECT_EQ(Get({{1}}), Values{10});
}

TEST_F(GetManyViaTest, AWrongNumberOfValuesThrowsLengthError) {
  EXPECT_THROW(
      cache_.GetManyVia(Keys{{1}, {2}},
                        [](std::span<const NumberKey>) { return Values{1}; }),
      std::length_error);
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(GetManyViaTest, AWriteDuringTheLoadWinsForItsKey) {
  const Values values = cache_.GetManyVia(Keys{{1}, {2}}, [&](auto keys) {
    EXPECT_TRUE(cache_.Set(NumberKey{1}, 7).ok());
    return Loader()(keys);
  });
  EXPECT_EQ(values, (Values{10, 20}));
  EXPECT_EQ(*cache_.Get(NumberKey{1}), 7);
  EXPECT_EQ(*cache_.Get(NumberKey{2}), 20);
}

TEST_F(GetManyViaTest, ALoaderMayReturnALoadedPerKey) {
  using Number = Loaded<int>;
  const auto load = [](std::span<const NumberKey>) {
    return std::vector<Number>{Number(1, seconds(3)), Number::NotStored(2),
                               Number::NotFound(seconds(9))};
  };
  const std::vector<std::optional<int>> values =
      cache_.GetManyVia(Keys{{1}, {2}, {3}}, load);
  EXPECT_EQ(values, (std::vector<std::optional<int>>{1, 2, std::nullopt}));
  EXPECT_EQ(*cache_.TtlOf(NumberKey{1}), seconds(3));
  EXPECT_EQ(cache_.size(), 1u);
  EXPECT_EQ(cache_.GetManyVia(Keys{{3}}, load),
            std::vector<std::optional<int>>{std::nullopt});
  EXPECT_EQ(cache_.Stats().negative_hits, 1u);
}

TEST_F(GetManyViaTest, AStaleValueIsLoadedAgain) {
  load_.ttl = seconds(10);
  load_.stale_for = seconds(5);
  ASSERT_TRUE(cache_.Set(NumberKey{1}, 1, seconds(5)).ok());
  ASSERT_TRUE(cache_.Set(NumberKey{2}, 2, seconds(6)).ok());
  EXPECT_EQ(Get({{1}, {2}}), (Values{10, 2}));
  EXPECT_EQ(requested_, (std::vector<Values>{{1}}));
  EXPECT_EQ(backend_->timed_reads, (std::vector<size_t>{2}));
  EXPECT_EQ(*cache_.TtlOf(NumberKey{1}), seconds(15));
}

TEST_F(GetManyViaTest, StaleValuesAreReturnedWhenTheLoaderThrows) {
  load_.stale_for = seconds(5);
  load_.retry_pause = seconds(1);
  ASSERT_TRUE(cache_.Set(NumberKey{1}, 1, seconds(5)).ok());
  ASSERT_TRUE(cache_.Set(NumberKey{2}, 2, seconds(5)).ok());
  EXPECT_EQ(GetFailing({{1}, {2}}), (Values{1, 2}));
  EXPECT_EQ(cache_.Stats().stale_served, 2u);
  // During the pause only missing keys are loaded.
  EXPECT_EQ(Get({{1}, {3}}), (Values{1, 30}));
  clock_->Advance(seconds(1));
  EXPECT_EQ(Get({{1}, {2}}), (Values{10, 20}));
}

TEST_F(GetManyViaTest, TheExceptionIsPropagatedUnlessEachKeyHasAStaleValue) {
  load_.stale_for = seconds(5);
  ASSERT_TRUE(cache_.Set(NumberKey{1}, 1, seconds(5)).ok());
  EXPECT_THROW(GetFailing({{1}, {2}}), std::out_of_range);
}

TEST_F(GetManyViaTest, NotFoundRemovesTheStaleValue) {
  load_.stale_for = seconds(5);
  ASSERT_TRUE(cache_.Set(NumberKey{1}, 1, seconds(5)).ok());
  EXPECT_EQ(cache_.GetManyVia(
                Keys{{1}},
                [](std::span<const NumberKey>) {
                  return std::vector{Loaded<int>::NotFound()};
                },
                load_),
            std::vector<std::optional<int>>{std::nullopt});
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(GetManyViaTest, AFailingReadLoadsAndStores) {
  cache_.set_hook(Failing(MapCache::Operation::kGet,
                          Status(ErrorCode::kUnavailable, "down")));
  EXPECT_EQ(Get({{1}, {2}}), (Values{10, 20}));
  EXPECT_EQ(cache_.size(), 2u);
}

TEST_F(GetManyViaTest, AFailingStoreIsAWarning) {
  cache_.set_hook(Failing(MapCache::Operation::kSet,
                          Status(ErrorCode::kFull, "disk full")));
  EXPECT_EQ(Get({{1}, {2}}), (Values{10, 20}));
  EXPECT_EQ(log_.lines(), std::vector<std::string>{
                              "warning: a loaded value was not stored: full: "
                              "disk full"});
}

TEST_F(GetManyViaTest, ABackendThatThrowsIsAWarning) {
  cache_.set_hook([](MapCache::Operation, std::string_view) -> Status {
    throw std::runtime_error("bug in the backend");
  });
  EXPECT_EQ(Get({{1}, {2}}), (Values{10, 20}));
  EXPECT_EQ(log_.lines().size(), 1u);
  cache_.set_hook(nullptr);
  EXPECT_EQ(Get({{1}, {2}}), (Values{10, 20}));
  EXPECT_EQ(requested_.size(), 2u);
}

TEST_F(GetManyViaTest, ATtlOutOfRangeIsAWarningForItsKeyOnly) {
  (void)cache_.GetManyVia(Keys{{1}, {2}}, [](std::span<const NumberKey>) {
    return std::vector<Loaded<int>>{{1, Ttl(-1)}, {2, Ttl(1)}};
  });
  EXPECT_EQ(cache_.size(), 1u);
  EXPECT_EQ(log_.lines().size(), 1u);
}

TEST_F(GetManyViaTest, KeysOfAMissingNamespaceAreLoadedAndNotStored) {
  struct InNamespace {
    using value_type = int;
    int id = 0;
    Key<std::string> namespace_key() const { return Key<std::string>("ns"); }
    void AppendTo(KeyPath& path) const { path.Segment(id); }
  };
  const std::vector<InNamespace> keys(2);
  EXPECT_EQ(cache_.GetManyVia(keys,
                              [](std::span<const InNamespace> missing) {
                                return Values(missing.size(), 5);
                              }),
            (Values{5, 5}));
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_EQ(log_.lines().size(), 2u);
}

TEST_F(GetManyViaTest, ALoaderThatAsksForOneOfItsKeysDoesNotWaitForItself) {
  EXPECT_EQ(cache_.GetManyVia(Keys{{1}, {2}},
                              [&](std::span<const NumberKey>) {
                                const int inner = cache_.GetVia(
                                    NumberKey{1}, [] { return 7; });
                                return Values{inner, 2};
                              }),
            (Values{7, 2}));
}

}  // namespace
}  // namespace appcache::get_many_via_test
