// GetVia with ttl_jitter and stale_for, in one thread. See also
// get_via_background_threads_test.cc.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::get_via_stale_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Does not support ttl queries, and counts the reads that ask for a ttl.
class BackendWithoutTtls final : public MapBackend {
 public:
  using MapBackend::MapBackend;
  BackendTraits Traits() const override { return BackendTraits(); }
  Lookup<Bytes> GetRaw(std::string_view path) override {
    const auto found = MapBackend::GetTimedRaw(path);
    return found ? Lookup<Bytes>::Hit(found->value) : Lookup<Bytes>::Miss();
  }
  Lookup<TimedBytes> GetTimedRaw(std::string_view) override {
    ++timed_reads;
    return Lookup<TimedBytes>::Failed(Status(ErrorCode::kUnsupported, "no"));
  }
  int timed_reads = 0;
};

class GetViaStaleTest : public testing::Test {
 protected:
  GetViaStaleTest() {
    load_.ttl = seconds(10);
    load_.stale_for = seconds(5);
    load_.retry_pause = milliseconds(0);
  }

  CacheOptions Options() const {
    CacheOptions options = log_.options();
    options.load_clock = clock_;
    options.load_seed = 1;
    return options;
  }

  std::string Get(const std::string& value) {
    return cache_.GetVia(
        key_,
        [&] {
          ++loads_;
          return value;
        },
        load_);
  }

  std::string GetFailing() {
    return cache_.GetVia(
        key_,
        [&]() -> std::string {
          ++loads_;
          throw std::out_of_range("down");
        },
        load_);
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  CapturedLog log_;
  MapCache cache_{Options(), clock_};
  const Key<std::string> key_{"k"};
  LoadOptions load_;
  int loads_ = 0;
};

TEST_F(GetViaStaleTest, AValueIsStoredForItsTtlAndStaleFor) {
  EXPECT_EQ(Get("old"), "old");
  EXPECT_EQ(*cache_.TtlOf(key_), seconds(15));
  EXPECT_EQ(cache_.StoredAt("pyappcache/k"), "old");
}

TEST_F(GetViaStaleTest, AStaleValueIsLoadedAgain) {
  (void)Get("old");
  clock_->Advance(milliseconds(9999));
  EXPECT_EQ(Get("new"), "old");
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get("new"), "new");
  EXPECT_EQ(Get("newer"), "new");
  EXPECT_EQ(cache_.Stats().stale_served, 0u);
}

TEST_F(GetViaStaleTest, TheStaleValueIsReturnedWhenTheLoaderThrows) {
  (void)Get("old");
  clock_->Advance(seconds(10));
  EXPECT_EQ(GetFailing(), "old");
  EXPECT_EQ(cache_.Stats().stale_served, 1u);
  EXPECT_EQ(cache_.Stats().load_failures, 1u);
}

TEST_F(GetViaStaleTest, AfterStaleForTheExceptionIsPropagated) {
  (void)Get("old");
  clock_->Advance(seconds(15));
  EXPECT_THROW(GetFailing(), std::out_of_range);
}

TEST_F(GetViaStaleTest, AFailedLoadStartsTheRetryPause) {
  load_.retry_pause = seconds(2);
  (void)Get("old");
  clock_->Advance(seconds(10));
  EXPECT_EQ(GetFailing(), "old");
  EXPECT_EQ(Get("new"), "old");
  EXPECT_EQ(loads_, 2);
  clock_->Advance(seconds(2));
  EXPECT_EQ(Get("new"), "new");
  EXPECT_EQ(cache_.Stats().stale_served, 2u);
}

TEST_F(GetViaStaleTest, TheRetryPauseDoesNotApplyWithoutAValue) {
  load_.retry_pause = seconds(2);
  EXPECT_THROW(GetFailing(), std::out_of_range);
  EXPECT_EQ(Get("new"), "new");
}

TEST_F(GetViaStaleTest, AValueThatNeverExpiresIsNeverStale) {
  load_.ttl = kNoTtl;
  (void)Get("old");
  EXPECT_EQ(*cache_.TtlOf(key_), kNoTtl);
  clock_->Advance(std::chrono::hours(1000));
  EXPECT_EQ(Get("new"), "old");
}

TEST_F(GetViaStaleTest, NotFoundRemovesTheStaleValue) {
  (void)Get("old");
  clock_->Advance(seconds(10));
  EXPECT_FALSE(cache_.GetVia(
      key_, [] { return Loaded<std::string>::NotFound(seconds(1)); }, load_));
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(GetViaStaleTest, AWriteDuringTheLoadOfAStaleValueWins) {
  (void)Get("old");
  clock_->Advance(seconds(10));
  EXPECT_EQ(cache_.GetVia(
                key_,
                [&] {
                  EXPECT_TRUE(cache_.Set(key_, "written").ok());
                  return "loaded";
                },
                load_),
            "loaded");
  EXPECT_EQ(*cache_.Get(key_), "written");
}

TEST_F(GetViaStaleTest, AStaleCompressedValueIsDecompressed) {
  struct LongKey {
    using value_type = std::string;
    void AppendTo(KeyPath& path) const { path.Segment("long"); }
    bool should_compress(const std::string&, std::string_view) const {
      return true;
    }
  };
  const std::string value(1000, 'v');
  (void)cache_.GetVia(
      LongKey(), [&] { return value; }, load_);
  clock_->Advance(seconds(10));
  EXPECT_EQ(cache_.GetVia(
                LongKey(), []() -> std::string { throw 1; }, load_),
            value);
}

TEST_F(GetViaStaleTest, WithoutTtlQueriesNoValueIsStale) {
  const auto backend = std::make_shared<BackendWithoutTtls>(clock_);
  MapCache cache(backend, Options());
  const auto load = [&] { return std::string("value"); };
  EXPECT_EQ(cache.GetVia(key_, load, load_), "value");
  clock_->Advance(seconds(10));
  EXPECT_THROW(
      cache.GetVia(
          key_, []() -> std::string { throw std::out_of_range("x"); }, load_),
      std::out_of_range);
  EXPECT_EQ(backend->timed_reads, 0);
}

TEST_F(GetViaStaleTest, WithoutStaleForTtlsAreNotQueried) {
  const auto backend = std::make_shared<BackendWithoutTtls>(clock_);
  MapCache cache(backend, Options());
  (void)cache.GetVia(key_, [] { return "value"; });
  (void)cache.GetVia(key_, [] { return "value"; });
  EXPECT_EQ(backend->timed_reads, 0);
}

TEST_F(GetViaStaleTest, JitterShortensTtlsAndNeverLengthensThem) {
  load_.stale_for = Ttl(0);
  load_.ttl_jitter = 0.5;
  std::set<Ttl> ttls;
  for (int i = 0; i < 100; ++i) {
    (void)cache_.GetVia(
        Key<int>("n", i), [] { return 1; }, load_);
    ttls.insert(*cache_.TtlOf(Key<int>("n", i)));
  }
  EXPECT_GT(ttls.size(), 90u);
  EXPECT_GE(*ttls.begin(), seconds(5));
  EXPECT_LE(*ttls.rbegin(), seconds(10));
  // The ttls are spread over the whole range.
  EXPECT_LT(*ttls.begin(), milliseconds(5500));
  EXPECT_GT(*ttls.rbegin(), milliseconds(9500));
}

TEST_F(GetViaStaleTest, TheJitterIsDeterminedByTheSeed) {
  load_.ttl_jitter = 1;
  MapCache twin(Options(), clock_);
  for (int i = 0; i < 10; ++i) {
    const Key<int> key("n", i);
    (void)cache_.GetVia(
        key, [] { return 1; }, load_);
    (void)twin.GetVia(
        key, [] { return 1; }, load_);
    EXPECT_EQ(*cache_.TtlOf(key), *twin.TtlOf(key));
    EXPECT_GT(*cache_.TtlOf(key), seconds(5)) << "less than stale_for";
  }
}

TEST_F(GetViaStaleTest, JitterDoesNotAffectValuesThatNeverExpire) {
  load_.ttl = kNoTtl;
  load_.ttl_jitter = 1;
  (void)Get("value");
  EXPECT_EQ(*cache_.TtlOf(key_), kNoTtl);
}

TEST_F(GetViaStaleTest, OptionsOutOfRangeAreAWarningAndStoreNothing) {
  std::vector<LoadOptions> wrong(4, load_);
  wrong[0].ttl_jitter = 1.1;
  wrong[1].ttl_jitter = -0.1;
  wrong[2].stale_for = kMaxTtl + Ttl(1);
  wrong[3].ttl = kMaxTtl + Ttl(1);
  for (const LoadOptions& options : wrong) {
    load_ = options;
    EXPECT_EQ(Get("value"), "value");
  }
  EXPECT_EQ(cache_.size(), 0u);
  ASSERT_EQ(log_.lines().size(), wrong.size());
  for (const std::string& line : log_.lines()) {
    EXPECT_NE(line.find("invalid_argument"), std::string::npos) << line;
  }
}

TEST_F(GetViaStaleTest, TheMaximumTtlIsNotExtended) {
  load_.ttl = kMaxTtl;
  (void)Get("value");
  EXPECT_EQ(*cache_.TtlOf(key_), kMaxTtl);
  EXPECT_EQ(log_.lines(), std::vector<std::string>());
}

}  // namespace
}  // namespace appcache::get_via_stale_test
