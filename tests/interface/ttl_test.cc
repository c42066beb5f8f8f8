#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "appcache/cache.h"
#include "tests/support/captured_log.h"
#include "tests/support/map_cache.h"

namespace appcache::ttl_test {
namespace {

using std::chrono::milliseconds;

constexpr Ttl kTooShort = milliseconds(-1);
constexpr Ttl kTooLong = kMaxTtl + milliseconds(1);

class TtlTest : public testing::Test {
 protected:
  // Records the ttl of the last set.
  class RecordingBackend final : public MapBackend {
   public:
    std::optional<Ttl> seen;
    Status SetRaw(std::string_view path, std::string_view value,
                  Ttl ttl) override {
      seen = ttl;
      return MapBackend::SetRaw(path, value, ttl);
    }
  };

  CapturedLog log_;
  const std::shared_ptr<RecordingBackend> backend_ =
      std::make_shared<RecordingBackend>();
  MapCache cache_{backend_, log_.options()};
  const Key<std::string> key_{"k"};
};

TEST_F(TtlTest, TheTtlReachesTheBackendUnchanged) {
  for (const Ttl ttl : {kNoTtl, milliseconds(1), milliseconds(1500), kMaxTtl}) {
    backend_->seen.reset();
    EXPECT_TRUE(cache_.Set(key_, "v", ttl).ok());
    EXPECT_EQ(backend_->seen, ttl);
  }
}

TEST_F(TtlTest, ByDefaultEntriesNeverExpire) {
  EXPECT_TRUE(cache_.Set(key_, "v").ok());
  EXPECT_EQ(backend_->seen, kNoTtl);
  EXPECT_TRUE(cache_.SetByStr<std::string>("k", "v").ok());
  EXPECT_EQ(backend_->seen, kNoTtl);
  (void)cache_.GetVia(Key<int>("n"), [] { return 1; });
  EXPECT_EQ(backend_->seen, kNoTtl);
}

TEST_F(TtlTest, AcceptsAnyUnitThatIsExactInMilliseconds) {
  EXPECT_TRUE(cache_.Set(key_, "v", std::chrono::hours(1)).ok());
  EXPECT_EQ(backend_->seen, milliseconds(3'600'000));
}

TEST_F(TtlTest, ATtlOutOfRangeIsInvalidArgumentAndReachesNoBackend) {
  const std::array entries{std::pair(key_, std::string("v"))};
  using Entries = std::span<const std::pair<Key<std::string>, std::string>>;
  for (const Ttl ttl : {kTooShort, kTooLong, Ttl::min(), Ttl::max()}) {
    EXPECT_TRUE(cache_.Set(key_, "v", ttl).Is(ErrorCode::kInvalidArgument));
    EXPECT_TRUE(cache_.SetByStr<std::string>("k", "v", ttl)
                    .Is(ErrorCode::kInvalidArgument));
    EXPECT_TRUE(
        cache_.SetMany(Entries(entries), ttl).Is(ErrorCode::kInvalidArgument));
    EXPECT_TRUE(cache_
                    .SetVia(
                        key_, "v", [](const std::string&) {}, ttl)
                    .Is(ErrorCode::kInvalidArgument));
  }
  EXPECT_EQ(backend_->seen, std::nullopt);
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(TtlTest, TheErrorContainsTheTtl) {
  EXPECT_NE(
      cache_.Set(key_, "v", milliseconds(-250)).ToString().find("-250 ms"),
      std::string::npos);
}

TEST_F(TtlTest, ALoadedValueGetsTheTtlOfTheOptions) {
  LoadOptions options;
  options.ttl = milliseconds(1234);
  (void)cache_.GetVia(
      key_, [] { return std::string("v"); }, options);
  EXPECT_EQ(backend_->seen, milliseconds(1234));
}

TEST_F(TtlTest, ATtlOutOfRangeForALoadedValueIsAWarning) {
  LoadOptions options;
  options.ttl = kTooShort;
  EXPECT_EQ(cache_.GetVia(
                key_, [] { return std::string("v"); }, options),
            "v");
  EXPECT_EQ(cache_.size(), 0u);
  ASSERT_EQ(log_.lines().size(), 1u);
  EXPECT_NE(log_.lines()[0].find("invalid_argument"), std::string::npos);
}

TEST_F(TtlTest, TheTtlOfSetViaReachesTheBackend) {
  EXPECT_TRUE(
      cache_
          .SetVia(
              key_, "v", [](const std::string&) {}, std::chrono::seconds(2))
          .ok());
  EXPECT_EQ(backend_->seen, milliseconds(2000));
}

}  // namespace
}  // namespace appcache::ttl_test
