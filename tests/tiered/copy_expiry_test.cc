// When a copy expires: by the ttl of the remote entry, and by the tier's own.

#include <gtest/gtest.h>

#include <memory>

#include "tests/tiered/tier_fixture.h"

namespace appcache::copy_expiry_test {
namespace {

using CopyExpiryTest = TierFixture;

TEST_F(CopyExpiryTest, ACopyExpiresWithTheRemoteEntry) {
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  clock_->Advance(milliseconds(200));
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(299));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(kPath), "miss");
}

// The clock of the local cache does not matter.
TEST_F(CopyExpiryTest, ACopyExpiresWithTheRemoteEntryByTheTiersClock) {
  options_.lease.when_lost = WhenLost::kServeStale;
  UseLocal(std::make_shared<MapBackend>());  // its clock stands still
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(499));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 0);
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(kPath), "miss");
  // It is no last resort either.
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
}

TEST_F(CopyExpiryTest, TheDurationOfTheFetchIsSubtractedFromTheTtl) {
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  // The reply is made 30 ms after the request and says 500 ms - 30 ms.
  during_get_ = [&] { clock_->Advance(milliseconds(30)); };
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(439));
  EXPECT_EQ(RemoteCalls([&] { Get(kPath); }), 0);
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(RemoteCalls([&] { Get(kPath); }), 1);
}

TEST_F(CopyExpiryTest, TheTtlOfACopyIsTheRemainingTtlOfTheEntry) {
  options_.max_local_ttl = milliseconds(50);
  Open();
  OthersSet(kPath, "v", milliseconds(500));
  for (int i = 0; i < 2; ++i) {
    const Lookup<TimedBytes> found = raw().GetTimedRaw(kPath);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->remaining_ttl, milliseconds(500 - 20 * i));
    clock_->Advance(milliseconds(20));
  }
  const Lookup<Ttl> remaining_ttl = raw().TtlRaw(kPath);
  ASSERT_TRUE(remaining_ttl);
  EXPECT_EQ(*remaining_ttl, milliseconds(460));
}

TEST_F(CopyExpiryTest, MaxLocalTtlLimitsACopy) {
  options_.max_local_ttl = milliseconds(50);
  Open();
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(milliseconds(50));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 1);
}

TEST_F(CopyExpiryTest, AMissIsNotCopiedByDefault) {
  Open();
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 2);
}

TEST_F(CopyExpiryTest, AbsencesAreServedUntilTheirTtlOrAChange) {
  options_.absence_ttl = milliseconds(100);
  Open();
  EXPECT_EQ(RemoteCalls([&] { Get(kPath); }), 1);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "miss"); }), 0);
  EXPECT_EQ(tier_->Report().negative_hits, 1U);
  OthersSet(kPath, "v");
  EXPECT_EQ(Get(kPath), "hit:v");
  ASSERT_TRUE(raw().InvalidateRaw(kPath).ok());
  EXPECT_EQ(Get(kPath), "miss");
  clock_->Advance(milliseconds(100));
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "miss"); }), 1);
}

// The remote does not support notifications.
TEST_F(CopyExpiryTest, UntrackedCopiesLiveForUntrackedTtl) {
  const auto unwatched = std::make_shared<MapBackend>(clock_);
  auto opened = TieredCache::Open(local_, unwatched, options_);
  ASSERT_TRUE(opened.ok());
  tier_ = *std::move(opened);
  EXPECT_EQ(tier_->Report().coherence, Coherence::kUntracked);
  EXPECT_FALSE(tier_->coherent());
  ASSERT_TRUE(unwatched->SetRaw(kPath, "old", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:old");
  ASSERT_TRUE(unwatched->SetRaw(kPath, "new", kNoTtl).ok());
  clock_->Advance(options_.untracked_ttl - milliseconds(1));
  EXPECT_EQ(Get(kPath), "hit:old");
  clock_->Advance(milliseconds(1));
  EXPECT_EQ(Get(kPath), "hit:new");
  ASSERT_TRUE(raw().SetRaw(kPath, "own", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:own");
}

// A change that is later than the beginning of a fetch may be fetched or not.
TEST_F(CopyExpiryTest, UntrackedTtlStartsWithTheFetch) {
  OpenUnlinked();
  remote_->LoseLink(Status(ErrorCode::kUnsupported, "refused"));
  OthersSetUnnotified(kPath, "v");
  during_get_ = [&] { clock_->Advance(options_.untracked_ttl / 4 * 3); };
  EXPECT_EQ(Get(kPath), "hit:v");
  clock_->Advance(options_.untracked_ttl / 4);
  EXPECT_EQ(RemoteCalls([&] { EXPECT_EQ(Get(kPath), "hit:v"); }), 1);
}

}  // namespace
}  // namespace appcache::copy_expiry_test
