// What the tier serves, and what it must not: hits, changes, leases, the link.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/tiered/tier_fixture.h"

namespace appcache {
namespace {

using CoherenceTest = TierFixture;

TEST_F(CoherenceTest, AMissIsFetchedOnceAndServedHere) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 1);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
  const TierReport report = tier_->Report();
  EXPECT_EQ(report.remote_hits, 1U);
  EXPECT_EQ(report.local_hits, 1U);
  EXPECT_EQ(report.copies_kept, 1U);
}

TEST_F(CoherenceTest, ALookupTellsWhoAnswered) {
  options_.lease.when_lost = WhenLost::kServeStale;
  options_.absence_ttl = milliseconds(100);
  Open();
  const Key<std::string> key("k");
  EXPECT_EQ(tier_->Get(key).level(), Level::kRemote);
  EXPECT_EQ(tier_->Get(key).level(), Level::kLocal);
  OthersSet(kPath, "v");
  EXPECT_EQ(tier_->Get(key).level(), Level::kRemote);
  EXPECT_EQ(tier_->Get(key).level(), Level::kLocal);
  EXPECT_EQ(tier_->GetTimedRaw(kPath).level(), Level::kLocal);
  EXPECT_EQ(tier_->GetMany(std::span(&key, 1))[0].level(), Level::kLocal);
  remote_->Lose();
  clock_->Advance(options_.lease.max_staleness * 2);
  EXPECT_EQ(tier_->Get(key).level(), Level::kLocalStale);
  EXPECT_EQ(remote_->GetRaw(kPath).level(), Level::kOwn);
}

TEST_F(CoherenceTest, AnEmptyValueIsServedHereToo) {
  Open();
  OthersSet(kPath, "");
  EXPECT_EQ(Get(kPath), "hit:");
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:"); }), 0);
}

TEST_F(CoherenceTest, AChangeByOthersIsSeenAsSoonAsItIsTold) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSet(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
  EXPECT_EQ(tier_->Report().changes_told, 2U);
}

TEST_F(CoherenceTest, WhenAllHasChangedNoCopyIsServed) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  ASSERT_TRUE(remote_->ClearRaw().ok());
  remote_->TellAll();
  EXPECT_EQ(Get(kPath), "miss");
  EXPECT_EQ(tier_->Report().all_changes_told, 1U);
}

TEST_F(CoherenceTest, AnOwnPrefixIsGoneAtOnceAndOtherCopiesAreKept) {
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

TEST_F(CoherenceTest, APrefixThatTheLocalCacheDoesNotFindDropsAll) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  local_fails_ = true;
  ASSERT_TRUE(tier_->InvalidatePrefixRaw("").ok());
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(CoherenceTest, AFetchThatAnOwnPrefixOvertakesIsNotKept) {
  Open();
  OthersSet(kPath, "v");
  during_get_ = [&] { ASSERT_TRUE(tier_->InvalidatePrefix("").ok()); };
  Get(kPath);
  EXPECT_EQ(tier_->Report().copies_kept, 0U);
}

TEST_F(CoherenceTest, AFetchThatAChangeOvertakesIsReturnedAndNotKept) {
  Open();
  OthersSet(kPath, "old");
  // The remote has read the old value; the change and its news come before the
  // reply.
  during_get_ = [&] { remote_->Tell(kPath); };
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_EQ(tier_->Report().copies_overtaken, 1U);
  OthersSetUntold(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, AFetchThatANewLinkOvertakesIsNotServedAgain) {
  Open();
  OthersSet(kPath, "old");
  during_get_ = [&] {
    remote_->Lose();
    remote_->LinkAndConfirm();
  };
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUntold(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, AFetchThatAFlushOvertakesIsNotServedAgain) {
  Open();
  OthersSet(kPath, "old");
  during_get_ = [&] { remote_->TellAll(); };
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUntold(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, OwnWritesAreReadAtOnceThoughNothingIsTold) {
  Open();
  ASSERT_TRUE(tier_->SetRaw(kPath, "1", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:1");
  ASSERT_TRUE(tier_->SetRaw(kPath, "2", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:2");
  ASSERT_TRUE(tier_->InvalidateRaw(kPath).ok());
  EXPECT_EQ(Get(kPath), "miss");
  ASSERT_TRUE(tier_->SetRaw(kPath, "3", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:3");
  ASSERT_TRUE(tier_->ClearRaw().ok());
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(CoherenceTest, AFetchThatAnOwnWriteOvertakesIsNotKept) {
  Open();
  OthersSet(kPath, "old");
  during_get_ = [&] { ASSERT_TRUE(tier_->SetRaw(kPath, "new", kNoTtl).ok()); };
  // The map reads after the hook: it is the new value that comes. What counts
  // is that it is not kept.
  EXPECT_EQ(Get(kPath), "hit:new");
  EXPECT_EQ(tier_->Report().copies_kept, 0U);
}

TEST_F(CoherenceTest, NothingIsServedHereBeforeAnythingIsConfirmed) {
  OpenUnlinked();
  OthersSet(kPath, "v");
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 2);
  EXPECT_FALSE(tier_->coherent());
  remote_->Link();
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 2);
  EXPECT_FALSE(tier_->coherent());
  remote_->Confirm();
  EXPECT_TRUE(tier_->coherent());
  // What was fetched since the link came is good.
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
}

TEST_F(CoherenceTest, WithoutConfirmationCopiesAreServedForMaxStalenessOnly) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUntold(kPath, "new");
  clock_->Advance(options_.lease.max_staleness);
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_TRUE(tier_->coherent());
  clock_->Advance(std::chrono::microseconds(1));
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, EachConfirmationExtendsTheLeaseFromItsOwnMoment) {
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  for (int i = 0; i < 5; ++i) {
    clock_->Advance(milliseconds(900));
    EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
    remote_->Confirm();
  }
}

TEST_F(CoherenceTest, ALostLinkIsBypassedAtOnceByDefault) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUntold(kPath, "new");
  remote_->Lose();
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(tier_->Report().coherence, Coherence::kLost);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:new"); }), 1);
  // Nothing is kept meanwhile.
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:new"); }), 1);
}

TEST_F(CoherenceTest, BoundedServesALostLinkUntilMaxStaleness) {
  options_.lease.when_lost = WhenLost::kBounded;
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUntold(kPath, "new");
  remote_->Lose();
  clock_->Advance(options_.lease.max_staleness);
  EXPECT_EQ(Get(kPath), "hit:old");
  clock_->Advance(std::chrono::microseconds(1));
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, ServeStaleServesALostLinkUntilMaxStaleAgeAndCountsIt) {
  options_.lease.when_lost = WhenLost::kServeStale;
  options_.lease.max_stale_age = std::chrono::seconds(60);
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  OthersSetUntold(kPath, "new");
  remote_->Lose();
  clock_->Advance(std::chrono::seconds(60));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:old"); }), 0);
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(tier_->Report().stale_hits, 1U);
  clock_->Advance(std::chrono::microseconds(1));
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, ANewLinkStartsWithNoCopies) {
  for (const WhenLost when_lost :
       {WhenLost::kBypass, WhenLost::kBounded, WhenLost::kServeStale}) {
    options_.lease.when_lost = when_lost;
    Open();
    OthersSet(kPath, "old");
    EXPECT_EQ(Get(kPath), "hit:old");
    remote_->Lose();
    OthersSetUntold(kPath, "new");
    remote_->LinkAndConfirm();
    EXPECT_EQ(Get(kPath), "hit:new");
    EXPECT_TRUE(tier_->coherent());
    EXPECT_EQ(tier_->Report().links_lost, 1U);
    EXPECT_EQ(tier_->Report().links_made, 2U);
  }
}

TEST_F(CoherenceTest, PathsThatAreNotWatchedAreNotKept) {
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

TEST_F(CoherenceTest, WhatOthersWriteIntoTheLocalCacheIsNotServed) {
  Open();
  ASSERT_TRUE(local_->SetRaw(kPath, "planted", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "miss");
  ASSERT_TRUE(
      local_->SetRaw(kPath, "planted, and as long as a record", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(CoherenceTest, WhatAnEarlierTierLeftIsNotServed) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  tier_.reset();
  OthersSet(kPath, "new");
  // With the same seed.
  Open();
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, ACopyThatCannotBeDroppedIsNotServed) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  local_fails_ = true;
  OthersSet(kPath, "new");
  EXPECT_EQ(Get(kPath), "hit:new");
}

TEST_F(CoherenceTest, TheModeIsToldInTheReportAndInTheLogOnce) {
  OpenUnlinked();
  remote_->Link(WatchMode::kAnnounced);
  remote_->Confirm();
  remote_->Confirm();
  EXPECT_EQ(tier_->Report().coherence, Coherence::kAnnounced);
  remote_->Lose();
  remote_->LinkAndConfirm();
  EXPECT_EQ(tier_->Report().coherence, Coherence::kTracking);
  const std::vector<std::string> lines = log_.lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].starts_with("info: ")) << lines[0];
  EXPECT_NE(lines[0].find("announce"), std::string::npos) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("warning: ")) << lines[1];
  EXPECT_NE(lines[1].find("cut"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("tracking"), std::string::npos) << lines[2];
}

TEST_F(CoherenceTest, ChangesAreAnnouncedBeforeTheyAreAcknowledged) {
  Open();
  const Cache::RawEntry entries[] = {{"pyappcache/a", "1"},
                                     {"pyappcache/b", "2"}};
  ASSERT_TRUE(tier_->SetManyRaw(entries).ok());
  ASSERT_TRUE(tier_->InvalidateRaw(kPath).ok());
  ASSERT_TRUE(tier_->ClearRaw().ok());
  EXPECT_EQ(remote_->announced(),
            (std::vector<std::string>{"pyappcache/a", "pyappcache/b",
                                      "pyappcache/k", "*"}));
  remote_->set_announcing(Status(ErrorCode::kUnavailable, "unheard"));
  EXPECT_TRUE(tier_->SetRaw(kPath, "v", kNoTtl).Is(ErrorCode::kUnavailable));
}

// It may have removed what was there.
TEST_F(CoherenceTest, ARefusedWriteIsAnnouncedToo) {
  remote_->set_hook([](Operation operation, std::string_view path) {
    return operation == Operation::kSet && path == kPath
               ? Status(ErrorCode::kTooLarge, "too large")
               : Status();
  });
  Open();
  const Cache::RawEntry entries[] = {{kPath, "1"}, {"pyappcache/b", "2"}};
  EXPECT_TRUE(tier_->SetManyRaw(entries).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(remote_->announced(),
            (std::vector<std::string>{"pyappcache/k", "pyappcache/b"}));
}

// It may be told of a change before the tier below has dropped its copy.
TEST_F(CoherenceTest, ATierOnATierIsUntracked) {
  Open();
  EXPECT_FALSE(tier_->Traits().tells_changes);
  const std::shared_ptr<Cache> below = std::move(tier_);
  tier_ = *TieredCache::Open(std::make_shared<MapCache>(CacheOptions(), clock_),
                             below, options_);
  EXPECT_EQ(tier_->Report().coherence, Coherence::kUntracked);
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  tier_.reset();
}

TEST_F(CoherenceTest, ARemoteThatRefusesToTellIsUntrackedUntilItDoes) {
  OpenUnlinked();
  remote_->Lose(Status(ErrorCode::kUnsupported, "refused"));
  EXPECT_EQ(tier_->Report().coherence, Coherence::kUntracked);
  OthersSetUntold(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:old"); }), 0);
  OthersSetUntold(kPath, "new");
  remote_->LinkAndConfirm();
  EXPECT_EQ(Get(kPath), "hit:new");
}

}  // namespace
}  // namespace appcache
