// The circuit breaker on its own; outage_test.cc tests it in a tier.

#include "adapters/tiered/breaker.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "appcache/testing/fake_clock.h"

namespace appcache::tiered::breaker_test {
namespace {

class BreakerTest : public testing::Test {
 protected:
  bool IsAdmitted() { return Breaker::Call(breaker_).admitted().ok(); }
  void Fail() {
    Breaker::Call call(breaker_);
    call.Report(kDown);
  }

  static inline const Status kDown{ErrorCode::kUnavailable, "down"};
  const BreakerOptions options_{.failures = 2};
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::vector<Breaker::State> changes_;
  Breaker breaker_{options_, clock_, /*seed=*/1,
                   [this](Breaker::State state) { changes_.push_back(state); }};
};

TEST(IsFailureTest, OnlyARemoteThatDoesNotAnswerHasFailed) {
  EXPECT_FALSE(IsFailure(Status()));
  for (const ErrorCode code :
       {ErrorCode::kUnavailable, ErrorCode::kTimeout, ErrorCode::kInvalidKey,
        ErrorCode::kInvalidArgument, ErrorCode::kTooLarge, ErrorCode::kCorrupt,
        ErrorCode::kBusy, ErrorCode::kFull, ErrorCode::kUnsupported,
        ErrorCode::kInternal}) {
    EXPECT_EQ(IsFailure(Status(code, "")),
              code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout)
        << ToString(code);
  }
  EXPECT_FALSE(IsFailure(Status(ErrorCode::kUnavailable, "a replica", EROFS)));
  EXPECT_FALSE(IsFailure(Status(ErrorCode::kCorrupt, "left out 1", EBADMSG)));
}

TEST_F(BreakerTest, OneProbeRunsAtATime) {
  Fail();
  EXPECT_TRUE(IsAdmitted());
  Fail();
  EXPECT_FALSE(IsAdmitted());
  clock_->Advance(options_.open_for);
  {
    const Breaker::Call probe(breaker_);
    EXPECT_TRUE(probe.admitted().ok());
    EXPECT_EQ(breaker_.state(), Breaker::State::kHalfOpen);
    EXPECT_FALSE(IsAdmitted());
  }
  EXPECT_TRUE(IsAdmitted());
}

TEST_F(BreakerTest, ACallThatBeganBeforeItOpenedIsNotAProbe) {
  std::optional<Breaker::Call> late(std::in_place, breaker_);
  std::optional<Breaker::Call> later(std::in_place, breaker_);
  Fail();
  Fail();
  clock_->Advance(options_.open_for);
  const Breaker::Call probe(breaker_);
  EXPECT_TRUE(probe.admitted().ok());
  late->Report(kDown);
  EXPECT_FALSE(IsAdmitted());
  later.reset();
  EXPECT_FALSE(IsAdmitted());
  EXPECT_EQ(breaker_.openings(), 1U);
}

// Another call has closed the breaker when the probe ends.
TEST_F(BreakerTest, AProbeOfAClosedBreakerEnds) {
  std::optional<Breaker::Call> late(std::in_place, breaker_);
  Fail();
  Fail();
  clock_->Advance(options_.open_for);
  {
    Breaker::Call probe(breaker_);
    late->Report(Status());
    probe.Report(Status());
  }
  Fail();
  Fail();
  EXPECT_FALSE(IsAdmitted());
  clock_->Advance(options_.open_for);
  EXPECT_TRUE(IsAdmitted());
}

TEST_F(BreakerTest, ASuccessClosesTheBreaker) {
  std::optional<Breaker::Call> late(std::in_place, breaker_);
  Fail();
  Fail();
  EXPECT_FALSE(IsAdmitted());
  late->Report(Status());
  EXPECT_TRUE(IsAdmitted());
  EXPECT_EQ(breaker_.state(), Breaker::State::kClosed);
  EXPECT_EQ(changes_, (std::vector<Breaker::State>{Breaker::State::kOpen,
                                                   Breaker::State::kClosed}));
  Fail();
  Breaker::Call(breaker_).Report(Status());
  EXPECT_EQ(changes_.size(), 2U);
}

}  // namespace
}  // namespace appcache::tiered::breaker_test
