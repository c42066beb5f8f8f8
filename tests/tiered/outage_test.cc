// The remote fails: the breaker, and copies as a last resort.

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <string>

#include "tests/tiered/tier_fixture.h"

namespace appcache::outage_test {
namespace {

class OutageTest : public TierFixture {};

TEST_F(OutageTest, TheBreakerOpensProbesAndCloses) {
  options_.breaker.failures = 3;
  Open();
  down_ = true;
  EXPECT_EQ(RemoteCalls([&] {
              for (int i = 0; i < 10; ++i) {
                EXPECT_EQ(Get(kPath), "error:unavailable");
              }
            }),
            3);
  EXPECT_FALSE(tier_->Report().breaker_is_closed);
  clock_->Advance(options_.breaker.open_for);
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 1);
  EXPECT_EQ(tier_->Report().breaker_openings, 2U);
  down_ = false;
  clock_->Advance(options_.breaker.open_for);
  EXPECT_EQ(Get(kPath), "miss");
  EXPECT_TRUE(tier_->Report().breaker_is_closed);
}

// It may visit every entry of the remote, while all other calls fail.
TEST_F(OutageTest, AnInvalidatePrefixIsNotAProbe) {
  options_.breaker.failures = 1;
  std::atomic<int> removals{0};
  remote_->set_hook([&](Operation operation, std::string_view) {
    if (operation == Operation::kInvalidate) ++removals;
    return down_ ? Status(ErrorCode::kUnavailable, "down") : Status();
  });
  Open();
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  clock_->Advance(options_.breaker.open_for);
  EXPECT_TRUE(tier_->InvalidatePrefix("a/").Is(ErrorCode::kUnavailable));
  EXPECT_EQ(removals, 0);
  down_ = false;
  clock_->Advance(options_.breaker.open_for);
  EXPECT_TRUE(tier_->InvalidatePrefix("a/").ok());
  EXPECT_EQ(removals, 1);
}

TEST_F(OutageTest, AfterANewLinkTheNextCallIsAProbe) {
  options_.breaker.failures = 1;
  Open();
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  down_ = false;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  remote_->LoseLink();
  remote_->LinkAndHeartbeat();
  EXPECT_EQ(Get(kPath), "miss");
}

// The server answers; the entry is damaged.
TEST_F(OutageTest, DamagedEntriesDoNotOpenTheBreaker) {
  options_.breaker.failures = 1;
  Open();
  remote_->set_hook([this](Operation, std::string_view) {
    ++remote_calls_;
    return Status(ErrorCode::kCorrupt, "left out 1 entries", EBADMSG);
  });
  EXPECT_EQ(RemoteCalls([&] {
              for (int i = 0; i < 3; ++i) {
                const Status walked =
                    raw().WalkRaw({}, [](const WalkedEntry&) { return true; });
                EXPECT_TRUE(walked.Is(ErrorCode::kCorrupt));
                EXPECT_EQ(walked.error().native_code, EBADMSG);
                EXPECT_EQ(Get(kPath), "error:corrupt");
              }
            }),
            6);
  EXPECT_TRUE(tier_->Report().breaker_is_closed);
}

// So it is a probe that succeeds, too.
TEST_F(OutageTest, AWalkThatFindsDamageClosesTheBreaker) {
  options_.breaker.failures = 1;
  Open();
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  remote_->set_hook([](Operation, std::string_view) {
    return Status(ErrorCode::kCorrupt, "left out 1 entries", EBADMSG);
  });
  clock_->Advance(options_.breaker.open_for);
  EXPECT_TRUE(raw()
                  .WalkRaw({}, [](const WalkedEntry&) { return true; })
                  .Is(ErrorCode::kCorrupt));
  EXPECT_TRUE(tier_->Report().breaker_is_closed);
}

TEST_F(OutageTest, RejectionsDoNotOpenTheBreaker) {
  options_.breaker.failures = 1;
  Open();
  remote_->set_hook([this](Operation, std::string_view) {
    ++remote_calls_;
    return Status(ErrorCode::kTooLarge, "too large");
  });
  EXPECT_EQ(RemoteCalls([&] {
              for (int i = 0; i < 3; ++i) {
                EXPECT_TRUE(
                    raw().SetRaw(kPath, "v", kNoTtl).Is(ErrorCode::kTooLarge));
              }
            }),
            3);
  // The remote holds nothing of it, so there is nothing to retry.
  EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
}

TEST_F(OutageTest, ServeStaleReturnsACopyOfAnOldLinkIfTheRemoteFails) {
  options_.lease.when_lost = WhenLost::kServeStale;
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  remote_->LoseLink();
  remote_->LinkAndHeartbeat();
  down_ = true;
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_EQ(tier_->Report().stale_hits, 1U);
  const std::string_view paths[] = {kPath};
  EXPECT_TRUE(raw().GetManyRaw(paths)[0]);
}

TEST_F(OutageTest, ClearedAndChangedEntriesAreNoLastResort) {
  options_.lease.when_lost = WhenLost::kServeStale;
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  remote_->NotifyAllChanged();
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  down_ = false;
  EXPECT_EQ(Get(kPath), "hit:old");
  remote_->NotifyChanged(kPath);
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
}

TEST_F(OutageTest, OtherPoliciesHaveNoLastResort) {
  for (const WhenLost when_lost : {WhenLost::kBypass, WhenLost::kBounded}) {
    options_.lease.when_lost = when_lost;
    Open();
    OthersSet(kPath, "old");
    EXPECT_EQ(Get(kPath), "hit:old");
    remote_->LoseLink();
    remote_->LinkAndHeartbeat();
    down_ = true;
    EXPECT_EQ(Get(kPath), "error:unavailable");
    down_ = false;
  }
}

TEST_F(OutageTest, LocalHitsDoNotNeedTheRemote) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  down_ = true;
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
}

}  // namespace
}  // namespace appcache::outage_test
