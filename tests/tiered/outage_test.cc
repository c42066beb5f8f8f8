// The remote fails: breaker, pending invalidations, copies as a last resort.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/in_child.h"
#include "tests/tiered/tier_fixture.h"

namespace appcache {
namespace {

class OutageTest : public TierFixture {
 protected:
  // The tier's own thread repeats by itself as the clock is moved on: until no
  // more than that is pending.
  void UntilSettled(uint64_t left = 0) {
    const auto patience =
        std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (tier_->Report().pending > left) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience);
      clock_->Advance(options_.breaker.open_for);
      std::this_thread::yield();
    }
  }
};

TEST_F(OutageTest, AFailedInvalidateIsAnErrorAndRepeatedWhenTheRemoteIsBack) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  down_ = true;
  EXPECT_TRUE(tier_->InvalidateRaw(kPath).Is(ErrorCode::kUnavailable));
  EXPECT_EQ(tier_->Report().pending, 1U);
  EXPECT_FALSE(tier_->coherent());
  EXPECT_EQ(Get(kPath), "error:unavailable");
  EXPECT_EQ(remote_->StoredAt(kPath), "old");
  down_ = false;
  UntilSettled();
  EXPECT_EQ(remote_->StoredAt(kPath), "<none>");
  remote_->Confirm();
  EXPECT_TRUE(tier_->coherent());
}

TEST_F(OutageTest, AReadOfAPendingPathDoesNotSeeWhatShouldBeGone) {
  Open();
  OthersSet(kPath, "old");
  down_ = true;
  EXPECT_FALSE(tier_->InvalidateRaw(kPath).ok());
  down_ = false;
  EXPECT_EQ(Get(kPath), "miss");
  EXPECT_EQ(remote_->StoredAt(kPath), "<none>");
}

TEST_F(OutageTest, AfterAFailedSetTheOldValueIsNotRead) {
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  down_ = true;
  EXPECT_FALSE(tier_->SetRaw(kPath, "new", kNoTtl).ok());
  down_ = false;
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(OutageTest, ASetThatSucceedsSettlesWhatWasPending) {
  Open();
  down_ = true;
  EXPECT_FALSE(tier_->InvalidateRaw(kPath).ok());
  down_ = false;
  ASSERT_TRUE(tier_->SetRaw(kPath, "new", kNoTtl).ok());
  EXPECT_EQ(tier_->Report().pending, 0U);
  EXPECT_EQ(Get(kPath), "hit:new");
}

// What a reader meets between the copies of a batch.
TEST_F(OutageTest, AFailedBatchIsPendingBeforeItsCopiesAreDropped) {
  Open();
  const std::string_view paths[] = {kPath, "pyappcache/other"};
  for (const std::string_view path : paths) {
    OthersSet(path, "old");
    EXPECT_EQ(Get(path), "hit:old");
  }
  during_drop_ = [&] {
    during_drop_ = [&] {
      down_ = false;
      std::thread([&] { EXPECT_EQ(Get(kPath), "miss"); }).join();
    };
  };
  down_ = true;
  EXPECT_FALSE(tier_->InvalidateManyRaw(paths).ok());
  EXPECT_FALSE(during_drop_);
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(OutageTest, AFailedBatchIsInDoubtThoughTheFirstIsJustTooLarge) {
  remote_->set_hook([](Operation, std::string_view path) {
    return path == kPath ? Status(ErrorCode::kTooLarge, "too large")
                         : Status(ErrorCode::kTimeout, "late");
  });
  Open();
  const Cache::RawEntry entries[] = {{kPath, "1"}, {"pyappcache/other", "2"}};
  EXPECT_TRUE(tier_->SetManyRaw(entries).Is(ErrorCode::kTimeout));
  EXPECT_EQ(tier_->Report().pending, 2U);
}

// It may be another's, who has added it with success.
TEST_F(OutageTest, AFailedAddRemovesNothing) {
  Open();
  OthersSet(kPath, "others");
  down_ = true;
  EXPECT_FALSE(tier_->AddRaw(kPath, "own", kNoTtl).ok());
  EXPECT_EQ(tier_->Report().pending, 0U);
  down_ = false;
  EXPECT_EQ(Get(kPath), "hit:others");
}

TEST_F(OutageTest, WhatTheRemoteRefusesOfABatchCostsTheOthersNothing) {
  remote_->set_hook([&](Operation operation, std::string_view path) {
    if (operation == Operation::kGet || path != kPath) return Status();
    return Status(ErrorCode::kTooLarge, "too large");
  });
  Open();
  const Cache::RawEntry entries[] = {{"pyappcache/a", "1"},
                                     {"pyappcache/b", "2"},
                                     {kPath, "3"},
                                     {"pyappcache/c", "4"},
                                     {"pyappcache/d", "5"}};
  EXPECT_TRUE(tier_->SetManyRaw(entries).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(tier_->Report().pending, 0U);
  EXPECT_EQ(Get("pyappcache/a"), "hit:1");
  EXPECT_EQ(Get("pyappcache/d"), "hit:5");
  const std::string_view paths[] = {"pyappcache/a", kPath, "pyappcache/d"};
  EXPECT_TRUE(tier_->InvalidateManyRaw(paths).Is(ErrorCode::kTooLarge));
  EXPECT_EQ(tier_->Report().pending, 0U);
  EXPECT_EQ(Get("pyappcache/a"), "miss");
  EXPECT_EQ(Get("pyappcache/d"), "miss");
}

// A delete that is on its way must not come behind the write.
TEST_F(OutageTest, AWriteWaitsForARepetitionOnItsWay) {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_repeating = false;
  bool has_written = false;
  remote_->set_hook([&](Operation operation, std::string_view) {
    if (down_.exchange(false)) return Status(ErrorCode::kTimeout, "late");
    std::unique_lock<std::mutex> lock(mutex);
    (operation == Operation::kSet ? has_written : is_repeating) = true;
    changed.notify_all();
    if (operation == Operation::kInvalidate) {
      EXPECT_FALSE(changed.wait_for(lock, milliseconds(50),
                                    [&] { return has_written; }));
    }
    return Status();
  });
  Open();
  down_ = true;
  EXPECT_FALSE(tier_->InvalidateRaw(kPath).ok());
  clock_->Advance(options_.breaker.open_for);
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return is_repeating; });
  }
  EXPECT_TRUE(tier_->SetRaw(kPath, "new", kNoTtl).ok());
  EXPECT_EQ(Get(kPath), "hit:new");
  EXPECT_EQ(tier_->Report().pending, 0U);
}

TEST_F(OutageTest, WhatTheRemoteRefusesDoesNotKeepTheOthersPending) {
  remote_->set_hook([&](Operation, std::string_view path) {
    if (down_) return Status(ErrorCode::kUnavailable, "down");
    return path == "pyappcache/refused"
               ? Status(ErrorCode::kUnsupported, "not this one")
               : Status();
  });
  Open();
  down_ = true;
  const std::string_view paths[] = {"pyappcache/a", "pyappcache/refused",
                                    "pyappcache/b", "pyappcache/c"};
  for (const std::string_view path : paths) {
    EXPECT_FALSE(tier_->InvalidateRaw(path).ok());
  }
  down_ = false;
  UntilSettled(/*left=*/1);
  EXPECT_EQ(Get("pyappcache/a"), "miss");
  EXPECT_EQ(Get("pyappcache/refused"), "error:unsupported");
}

TEST_F(OutageTest, PendingPathsAreKeptOnceAndBounded) {
  options_.max_pending = 2;
  Open();
  down_ = true;
  for (const std::string_view path :
       {"pyappcache/a", "pyappcache/b", "pyappcache/a", "pyappcache/c"}) {
    EXPECT_FALSE(tier_->InvalidateRaw(path).ok());
  }
  EXPECT_EQ(tier_->Report().pending, 2U);
  EXPECT_EQ(tier_->Report().pending_lost, 1U);
  EXPECT_FALSE(tier_->InvalidateRaw("pyappcache/d").ok());
  const std::vector<std::string> lines = log_.lines();
  EXPECT_EQ(std::count_if(lines.begin(), lines.end(),
                          [](const std::string& line) {
                            return line.find("max_pending") !=
                                   std::string::npos;
                          }),
            1);
}

TEST_F(OutageTest, TheBreakerOpensAndProbesAndCloses) {
  options_.breaker.failures = 3;
  Open();
  down_ = true;
  EXPECT_EQ(RemoteCalls([&] {
              for (int i = 0; i < 10; ++i) {
                EXPECT_EQ(Get(kPath), "error:unavailable");
              }
            }),
            3);
  EXPECT_FALSE(tier_->Report().asks_remote);
  clock_->Advance(options_.breaker.open_for);
  EXPECT_EQ(RemoteCalls([&] { Get(kPath), Get(kPath); }), 1);
  EXPECT_EQ(tier_->Report().breaker_openings, 2U);
  down_ = false;
  clock_->Advance(options_.breaker.open_for);
  EXPECT_EQ(Get(kPath), "miss");
  EXPECT_TRUE(tier_->Report().asks_remote);
}

// It may walk all that the remote has, and would hold up everybody else.
TEST_F(OutageTest, ARemovalByPrefixIsNoProbe) {
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

TEST_F(OutageTest, ANewLinkLetsTheNextCallTry) {
  options_.breaker.failures = 1;
  Open();
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  down_ = false;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  remote_->Lose();
  remote_->LinkAndConfirm();
  EXPECT_EQ(Get(kPath), "miss");
}

TEST_F(OutageTest, ErrorsThatAreNoFailuresDoNotOpenTheBreaker) {
  options_.breaker.failures = 1;
  Open();
  remote_->set_hook([this](Operation, std::string_view) {
    ++remote_calls_;
    return Status(ErrorCode::kTooLarge, "too large");
  });
  EXPECT_EQ(RemoteCalls([&] {
              for (int i = 0; i < 3; ++i) {
                EXPECT_TRUE(
                    tier_->SetRaw(kPath, "v", kNoTtl).Is(ErrorCode::kTooLarge));
              }
            }),
            3);
  // The remote has nothing of it: nothing is to be repeated.
  EXPECT_EQ(tier_->Report().pending, 0U);
}

TEST_F(OutageTest, ServeStaleTakesACopyOfAnOldLinkWhenTheRemoteFails) {
  options_.lease.when_lost = WhenLost::kServeStale;
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  remote_->Lose();
  remote_->LinkAndConfirm();
  down_ = true;
  EXPECT_EQ(Get(kPath), "hit:old");
  EXPECT_EQ(tier_->Report().stale_hits, 1U);
  const std::string_view paths[] = {kPath};
  EXPECT_TRUE(tier_->GetManyRaw(paths)[0]);
}

TEST_F(OutageTest, NoLastResortIsWhatWasClearedOrChanged) {
  options_.lease.when_lost = WhenLost::kServeStale;
  Open();
  OthersSet(kPath, "old");
  EXPECT_EQ(Get(kPath), "hit:old");
  remote_->TellAll();
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
  down_ = false;
  EXPECT_EQ(Get(kPath), "hit:old");
  remote_->Tell(kPath);
  down_ = true;
  EXPECT_EQ(Get(kPath), "error:unavailable");
}

TEST_F(OutageTest, OtherPoliciesServeNoLastResort) {
  for (const WhenLost when_lost : {WhenLost::kBypass, WhenLost::kBounded}) {
    options_.lease.when_lost = when_lost;
    Open();
    OthersSet(kPath, "old");
    EXPECT_EQ(Get(kPath), "hit:old");
    remote_->Lose();
    remote_->LinkAndConfirm();
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

TEST_F(OutageTest, AForkedChildIsToldToOpenItsOwn) {
  Open();
  EXPECT_EQ(InChild([&]() -> std::string {
              if (Get(kPath) != "error:unavailable") return Get(kPath);
              if (tier_->SetRaw(kPath, "v", kNoTtl).ok()) return "set";
              if (tier_->InvalidateRaw(kPath).ok()) return "invalidated";
              if (tier_->ClearRaw().ok()) return "cleared";
              if (tier_->TtlRaw(kPath).is_hit()) return "ttl";
              if (tier_->coherent()) return "coherent";
              tier_.reset();
              if (remote_->is_watched()) return "watched";
              return "";
            }),
            "");
}

}  // namespace
}  // namespace appcache
