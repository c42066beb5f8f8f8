// Which copies a tier serves: after changes, heartbeats and lost links.

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache::coherence_test {
namespace {

using CoherenceTest = TierFixture;

TEST_F(CoherenceTest, AMissIsFetchedOnceThenServedLocally) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 1);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
  const TierReport report = tier_->Report();
  EXPECT_EQ(report.remote_hits, 1U);
  EXPECT_EQ(report.local_hits, 1U);
  EXPECT_EQ(report.copies_stored, 1U);
}

TEST_F(CoherenceTest, ALookupHasTheOriginOfItsAnswer) {
  options_.lease.when_lost = WhenLost::kServeStale;
  options_.absence_ttl = milliseconds(100);
  Open();
  const Key<std::string> key("k");
  EXPECT_EQ(tier_->Get(key).origin(), Origin::kStorage);
  EXPECT_EQ(tier_->Get(key).origin(), Origin::kCopy);
  OthersSet(kPath, "v");
  EXPECT_EQ(tier_->Get(key).origin(), Origin::kStorage);
  EXPECT_EQ(tier_->Get(key).origin(), Origin::kCopy);
  EXPECT_EQ(raw().GetTimedRaw(kPath).origin(), Origin::kCopy);
  EXPECT_EQ(tier_->GetMany(std::span(&key, 1))[0].origin(), Origin::kCopy);
  remote_->LoseLink();
  clock_->Advance(options_.lease.max_staleness * 2);
  EXPECT_EQ(tier_->Get(key).origin(), Origin::kStaleCopy);
  EXPECT_EQ(remote_->GetRaw(kPath).origin(), Origin::kStorage);
}

TEST_F(CoherenceTest, AnEmptyValueIsServedLocally) {
  Open();
  OthersSet(kPath, "");
  EXPECT_EQ(Get(kPath), "hit:");
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:"); }), 0);
}

TEST_F(CoherenceTest, AChangeByOthersIsVisibleOnceItIsNotified) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSet(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
  EXPECT_EQ(tier_->Report().changes_notified, 2U);
}

TEST_F(CoherenceTest, AfterANotificationOfAllNoCopyIsServed) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  ASSERT_TRUE(remote_->ClearRaw().ok());
  remote_->NotifyAllChanged();
  EXPECT_EQ(Get(kPath), "miss");
  EXPECT_EQ(tier_->Report().full_invalidations, 1U);
}

// Otherwise the copy would live as long as the entry did before.
TEST_F(CoherenceTest, ANewTtlDropsTheCopy) {
  Open();
  OthersSet(kPath, "value", Ttl(500));
  EXPECT_EQ(Get(kPath), "hit:value");
  EXPECT_NE(local_->StoredAt(kPath), "<none>");
  EXPECT_TRUE(*raw().SetTtlRaw(kPath, Ttl(100)));
  clock_->Advance(Ttl(100));
  remote_->Heartbeat();
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(CoherenceTest, InvalidatePrefixDropsCopiesUnderThePrefixOnly) {
  Open();
  for (const std::string_view path : {"pyappcache/a/1", "pyappcache/a/2"}) {
    OthersSet(path, "a");
    EXPECT_EQ(Get(path), "hit:a");
  }
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  ASSERT_TRUE(tier_->InvalidatePrefix("a/").ok());
  EXPECT_EQ(Get("pyappcache/a/1"), "miss");
  EXPECT_EQ(Get("pyappcache/a/2"), "miss");
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
  EXPECT_EQ(remote_->announced(), std::vector<std::string>{"*"});
}

TEST_F(CoherenceTest, AllCopiesAreDroppedIfTheLocalCacheFailsToDropAPrefix) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  local_fails_ = true;
  ASSERT_TRUE(raw().InvalidatePrefixRaw("").ok());
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(CoherenceTest, AFetchIsNotStoredAfterAnInvalidatePrefixDuringIt) {
  Open();
  OthersSet(kPath, "v");
  during_get_ = [&] { ASSERT_TRUE(tier_->InvalidatePrefix("").ok()); };
  Get(kPath);
  EXPECT_EQ(tier_->Report().copies_stored, 0U);
}

TEST_F(CoherenceTest, AFetchIsReturnedButNotStoredAfterAChangeDuringIt) {
  Open();
  OthersSet(kPath, "old");
  // The remote has read the old value; the change and its notification come
  // before the reply.
  during_get_ = [&] { remote_->NotifyChanged(kPath); };
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_EQ(tier_->Report().copies_discarded, 1U);
  OthersSetUnnotified(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, AFetchIsNotServedAgainAfterANewLinkDuringIt) {
  Open();
  OthersSet(kPath, "old");
  during_get_ = [&] {
    remote_->LoseLink();
    remote_->LinkAndHeartbeat();
  };
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUnnotified(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, AFetchIsNotServedAgainAfterAFlushDuringIt) {
  Open();
  OthersSet(kPath, "old");
  during_get_ = [&] { remote_->NotifyAllChanged(); };
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUnnotified(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, OwnWritesAreVisibleWithoutANotification) {
  Open();
  ASSERT_TRUE(raw().SetRaw(kPath, "1", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:1");
  ASSERT_TRUE(raw().SetRaw(kPath, "2", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:2");
  ASSERT_TRUE(raw().InvalidateRaw(kPath).ok());
  EXPECT_EQ(Get(kPath), "miss");
  ASSERT_TRUE(raw().SetRaw(kPath, "3", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:3");
  ASSERT_TRUE(raw().ClearRaw().ok());
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(CoherenceTest, AFetchIsNotStoredAfterAnOwnWriteDuringIt) {
  Open();
  OthersSet(kPath, "old");
  during_get_ = [&] { ASSERT_TRUE(raw().SetRaw(kPath, "new", kNoTtl).ok()); };
  // The map reads after the hook, so the fetch returns the new value. What
  // matters is that it is not stored.
  EXPECT_EQ(Get(kPath), "hit:new");
  EXPECT_EQ(tier_->Report().copies_stored, 0U);
}

TEST_F(CoherenceTest, NoCopyIsServedBeforeTheFirstHeartbeat) {
  OpenUnlinked();
  OthersSet(kPath, "v");
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 2);
  EXPECT_FALSE(tier_->coherent());
  remote_->Link();
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 2);
  EXPECT_FALSE(tier_->coherent());
  remote_->Heartbeat();
  EXPECT_TRUE(tier_->coherent());
  // Copies that were fetched since the link came up are valid.
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
}

TEST_F(CoherenceTest, WithoutAHeartbeatCopiesAreServedForMaxStaleness) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUnnotified(kPath, "new");
  clock_->Advance(options_.lease.max_staleness);
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_TRUE(tier_->coherent());
  clock_->Advance(std::chrono::microseconds(1));
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, AHeartbeatExtendsTheLeaseFromItsOwnTime) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  for (int i = 0; i < 5; ++i) {
    clock_->Advance(milliseconds(900));
    EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
    remote_->Heartbeat();
  }
}

TEST_F(CoherenceTest, BypassServesNoCopyOnceTheLinkIsLost) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUnnotified(kPath, "new");
  remote_->LoseLink();
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(tier_->Report().coherence, Coherence::kLost);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:new"); }), 1);
  // Nor is one stored while the link is down.
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:new"); }), 1);
}

TEST_F(CoherenceTest, BoundedServesCopiesOfALostLinkUntilMaxStaleness) {
  options_.lease.when_lost = WhenLost::kBounded;
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUnnotified(kPath, "new");
  remote_->LoseLink();
  clock_->Advance(options_.lease.max_staleness);
  EXPECT_EQ(Get(kPath), "hit:old");
  clock_->Advance(std::chrono::microseconds(1));
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, ServeStaleServesAndCountsCopiesUntilMaxStaleAge) {
  options_.lease.when_lost = WhenLost::kServeStale;
  options_.lease.max_stale_age = std::chrono::seconds(60);
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUnnotified(kPath, "new");
  remote_->LoseLink();
  clock_->Advance(std::chrono::seconds(60));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:old"); }), 0);
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(tier_->Report().stale_hits, 1U);
  clock_->Advance(std::chrono::microseconds(1));
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, ANewLinkStartsWithoutCopies) {
  for (const WhenLost when_lost :
       {WhenLost::kBypass, WhenLost::kBounded, WhenLost::kServeStale}) {
    options_.lease.when_lost = when_lost;
    Open();
    OthersSet(kPath, "old");
    EXPECT_EQ(Get(kPath), "hit:old");
    remote_->LoseLink();
    OthersSetUnnotified(kPath, "new");
    remote_->LinkAndHeartbeat();
    EXPECT_EQ(Get(kPath), "hit:new");
    EXPECT_TRUE(tier_->coherent());
    EXPECT_EQ(tier_->Report().links_lost, 1U);
    EXPECT_EQ(tier_->Report().links_made, 2U);
  }
}

TEST_F(CoherenceTest, PathsOutsideThePrefixAreNotCopied) {
  Open();
  EXPECT_EQ(remote_->watched_with().path_prefix, "pyappcache/");
  for (const std::string_view path : {"other/k", "pyappcache", "", "k"}) {
    OthersSet(path, "v");
    EXPECT_EQ(RemoteCalls([&] {
                EXPECT_EQ(Get(path), "hit:v");
                EXPECT_EQ(Get(path), "hit:v");
              }),
              2)
        << path;
  }
}

TEST_F(CoherenceTest, ForeignEntriesOfTheLocalCacheAreNotServed) {
  Open();
  ASSERT_TRUE(local_->SetRaw(kPath, "planted", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "miss");
  ASSERT_TRUE(
      local_->SetRaw(kPath, "planted, and as long as a copy", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(CoherenceTest, CopiesOfAnEarlierTierAreNotServed) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  tier_.reset();
  OthersSet(kPath, "new");
  // It has the same seed.
  Open();
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, ACopyThatTheLocalCacheFailsToDropIsNotServed) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  local_fails_ = true;
  OthersSet(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, AChangeOfModeIsReportedAndLoggedOnce) {
  OpenUnlinked();
  remote_->Link(WatchMode::kAnnounced);
  remote_->Heartbeat();
  remote_->Heartbeat();
  EXPECT_EQ(tier_->Report().coherence, Coherence::kAnnounced);
  remote_->LoseLink();
  remote_->LinkAndHeartbeat();
  EXPECT_EQ(tier_->Report().coherence, Coherence::kTracking);
  const std::vector<std::string> lines = log_.lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].starts_with("info: ")) << lines[0];
  EXPECT_NE(lines[0].find("announce"), std::string::npos) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("warning: ")) << lines[1];
  EXPECT_NE(lines[1].find("cut"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("tracking"), std::string::npos) << lines[2];
}

TEST_F(CoherenceTest, ChangesAreAnnouncedBeforeTheyReturn) {
  Open();
  const RawEntry entries[] = {{"pyappcache/a", "1"}, {"pyappcache/b", "2"}};
  ASSERT_TRUE(raw().SetManyRaw(entries).ok());
  ASSERT_TRUE(raw().InvalidateRaw(kPath).ok());
  ASSERT_TRUE(raw().ClearRaw().ok());
  EXPECT_EQ(remote_->announced(),
            (std::vector<std::string>{"pyappcache/a", "pyappcache/b",
                                      "pyappcache/k", "*"}));
  remote_->set_announce_result(
      Status(ErrorCode::kUnavailable, "not announced"));
  EXPECT_TRUE(raw().SetRaw(kPath, "v", kNoTtl).Is(ErrorCode::kUnavailable));
}

// It may have removed the old entry.
TEST_F(CoherenceTest, ARejectedWriteIsAnnounced) {
  remote_->set_hook([](Operation operation, std::string_view path) {
    return operation == Operation::kSet && path == kPath
               ? Status(ErrorCode::kTooLarge, "too large")
               : Status();
  });
  Open();
  const RawEntry entries[] = {{kPath, "1"}, {"pyappcache/b", "2"}};
  EXPECT_TRUE(raw().SetManyRaw(entries).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(remote_->announced(),
            (std::vector<std::string>{"pyappcache/k", "pyappcache/b"}));
}

// The remote may have made them, and no retry announces them later.
TEST_F(CoherenceTest, AFailedChangeThatIsNotRetriedIsAnnounced) {
  options_.breaker.failures = 100;
  for (const ErrorCode code :
       {ErrorCode::kTimeout, ErrorCode::kUnavailable, ErrorCode::kFull}) {
    remote_->set_hook([code](Operation operation, std::string_view) {
      return operation == Operation::kGet ? Status() : Status(code, "failed");
    });
    remote_->set_announce_result(Status());
    Open();
    const size_t before = remote_->announced().size();
    for (int round = 0; round < 2; ++round) {
      EXPECT_TRUE(raw().AddRaw("pyappcache/a", "v", kNoTtl).status().Is(code));
      EXPECT_TRUE(raw().SetTtlRaw("pyappcache/b", Ttl(9)).status().Is(code));
      EXPECT_TRUE(raw().InvalidatePrefixRaw("pyappcache/").Is(code));
      EXPECT_TRUE(raw().ClearRaw().Is(code));
      // The first error is returned.
      remote_->set_announce_result(
          Status(ErrorCode::kInternal, "not announced"));
    }
    std::vector<std::string> announced = remote_->announced();
    announced.erase(announced.begin(),
                    announced.begin() + static_cast<std::ptrdiff_t>(before));
    EXPECT_EQ(announced, (std::vector<std::string>{
                             "pyappcache/a", "pyappcache/b", "*", "*",
                             "pyappcache/a", "pyappcache/b", "*", "*"}))
        << ToString(code);
    EXPECT_EQ(tier_->Report().invalidations_queued, 0U);
  }
}

TEST_F(CoherenceTest, ARejectedChangeIsAnnouncedIfAPartMayHaveBeenMade) {
  remote_->set_hook([](Operation, std::string_view) {
    return Status(ErrorCode::kUnsupported, "not permitted");
  });
  Open();
  EXPECT_FALSE(raw().ClearRaw().ok());
  EXPECT_EQ(remote_->announced(), std::vector<std::string>());
  EXPECT_FALSE(raw().InvalidatePrefixRaw("pyappcache/").ok());
  EXPECT_EQ(remote_->announced(), std::vector<std::string>{"*"});
}

// The announcement would take a call of the remote.
TEST_F(CoherenceTest, AChangeThatTheBreakerDoesNotAdmitIsNotAnnounced) {
  options_.breaker.failures = 1;
  Open();
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  EXPECT_FALSE(raw().AddRaw(kPath, "v", kNoTtl).ok());
  EXPECT_FALSE(raw().SetTtlRaw(kPath, Ttl(1000)).ok());
  EXPECT_FALSE(raw().InvalidatePrefixRaw("pyappcache/").ok());
  EXPECT_FALSE(raw().ClearRaw().ok());
  // The ping before an invalidation by prefix fails.
  clock_->Advance(options_.breaker.open_for);
  EXPECT_FALSE(raw().InvalidatePrefixRaw("pyappcache/").ok());
  EXPECT_EQ(remote_->announced(), std::vector<std::string>());
}

// The upper tier could be notified before the lower one has dropped its copy.
TEST_F(CoherenceTest, ATierInFrontOfATierIsUntracked) {
  Open();
  EXPECT_FALSE(tier_->Traits().supports_watch);
  const std::unique_ptr<TieredCache> lower = std::move(tier_);
  tier_ = *TieredCache::Open(std::make_shared<MapBackend>(clock_),
                             lower->backend(), options_);
  EXPECT_EQ(tier_->Report().coherence, Coherence::kUntracked);
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  tier_.reset();
}

TEST_F(CoherenceTest, ARemoteThatRefusesToNotifyIsUntrackedUntilItDoes) {
  OpenUnlinked();
  remote_->LoseLink(Status(ErrorCode::kUnsupported, "refused"));
  EXPECT_EQ(tier_->Report().coherence, Coherence::kUntracked);
  OthersSetUnnotified(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:old"); }), 0);
  OthersSetUnnotified(kPath, "new");
  remote_->LinkAndHeartbeat();
  EXPECT_EQ(Get(kPath), "hit:new");
}

}  // namespace
}  // namespace appcache::coherence_test
