// Until when a copy is served: ttls, of the remote's entry and the tier's own.

#include <gtest/gtest.h>

#include <memory>

#include "tests/tiered/tier_fixture.h"

namespace appcache {
namespace {

using EndsTest = TierFixture;

TEST_F(EndsTest, ACopyEndsWithTheRemotesEntry) {
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  clock_->Advance(milliseconds(200));
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(299));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(kPath), "miss");
}

// Whatever the local cache thinks of the time.
TEST_F(EndsTest, ACopyEndsWithTheRemotesEntryThoughTheLocalCacheHasIt) {
  options_.lease.when_lost = WhenLost::kServeStale;
  UseLocal(std::make_shared<MapCache>());  // its clock stands still
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(499));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(kPath), "miss");
  // Nor is it a last resort.
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
}

TEST_F(EndsTest, TheTimeOfTheFetchIsTakenOffACopysTtl) {
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  // The reply says 500 ms - 30 ms, having been made 30 ms after the request.
  during_get_ = [&] { clock_->Advance(milliseconds(30)); };
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(439));
  EXPECT_EQ(RemoteCalls([&] { Get(kPath); }), 0);
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(RemoteCalls([&] { Get(kPath); }), 1);
}

TEST_F(EndsTest, TheTtlToldOfACopyIsNeverLongerThanTheEntrysOwn) {
  options_.max_local_ttl = milliseconds(50);
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  for (int i = 0; i < 2; ++i) {
    const Lookup<TimedBytes> found = tier_->GetTimedRaw(kPath);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->left, milliseconds(500 - 20 * i));
    clock_->Advance(milliseconds(20));
  }
  const Lookup<Ttl> left = tier_->TtlRaw(kPath);
  ASSERT_TRUE(left);
  EXPECT_EQ(*left, milliseconds(460));
}

TEST_F(EndsTest, MaxLocalTtlBoundsACopy) {
  options_.max_local_ttl = milliseconds(50);
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(50));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 1);
}

TEST_F(EndsTest, AMissIsNotKeptUnlessAbsencesAre) {
  Open();
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 2);
}

TEST_F(EndsTest, AbsencesAreKeptUntilTheirTtlOrAChange) {
  options_.absence_ttl = milliseconds(100);
  Open();
  EXPECT_EQ(RemoteCalls([&] { Get(kPath); }), 1);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "miss"); }), 0);
  EXPECT_EQ(tier_->Report().local_absences, 1U);
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  ASSERT_TRUE(tier_->InvalidateRaw(kPath).ok());
  EXPECT_EQ(Get(kPath), "miss");
  clock_->Advance(milliseconds(100));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "miss"); }), 1);
}

// A remote that cannot tell.
TEST_F(EndsTest, UntrackedCopiesLiveForUntrackedTtl) {
  const auto mute = std::make_shared<MapCache>(CacheOptions(), clock_);
  auto opened = TieredCache::Open(local_, mute, options_);
  ASSERT_TRUE(opened.ok());
  tier_ = *std::move(opened);
  EXPECT_EQ(tier_->Report().coherence, Coherence::kUntracked);
  EXPECT_FALSE(tier_->coherent());
  ASSERT_TRUE(mute->SetRaw(kPath, "old", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:old");
  ASSERT_TRUE(mute->SetRaw(kPath, "new", kNoTtl).ok());
  clock_->Advance(options_.untracked_ttl - milliseconds(1));
  EXPECT_EQ(Get(kPath), "hit:old");
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(kPath), "hit:new");
  ASSERT_TRUE(tier_->SetRaw(kPath, "own", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:own");
}

// What it has changed since the fetch began may have been fetched.
TEST_F(EndsTest, UntrackedTtlCountsFromTheBeginningOfTheFetch) {
  OpenUnlinked();
  remote_->Lose(Status(ErrorCode::kUnsupported, "refused"));
  OthersSetUntold(kPath, "v");
  during_get_ = [&] { clock_->Advance(options_.untracked_ttl / 4 * 3); };
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(options_.untracked_ttl / 4);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 1);
}

}  // namespace
}  // namespace appcache
