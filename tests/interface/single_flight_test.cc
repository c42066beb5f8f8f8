// The parts of GetVia that only its inside shows: here followers can be seen to
// have joined before the leader is done.

#include "engine/loading/single_flight.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <latch>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace appcache {
namespace {

using Outcome = SingleFlight::Ticket::Outcome;
using std::chrono::milliseconds;

constexpr int kFollowers = 6;
constexpr milliseconds kLong = std::chrono::minutes(10);

const Clock& Steady() { return *Clock::Steady(); }

// What a follower that waits got.
struct Waited {
  std::optional<Outcome> outcome;
  Bytes bytes;
  std::exception_ptr failure;
};

// kFollowers threads join "k", `lead` is called, and all wait.
std::array<Waited, kFollowers> WithFollowers(
    SingleFlight& flights, const std::function<void()>& lead) {
  std::array<Waited, kFollowers> results;
  std::latch joined(kFollowers);
  std::vector<std::thread> threads;
  for (Waited& result : results) {
    threads.emplace_back([&] {
      SingleFlight::Ticket ticket = flights.Join("k");
      EXPECT_FALSE(ticket.is_leader());
      joined.count_down();
      try {
        result.outcome = ticket.Wait(Steady(), kLong, result.bytes);
      } catch (...) {
        result.failure = std::current_exception();
      }
    });
  }
  joined.wait();
  lead();
  for (std::thread& thread : threads) thread.join();
  return results;
}

TEST(SingleFlightTest, TheFirstToJoinLeads) {
  SingleFlight flights;
  const SingleFlight::Ticket first = flights.Join("k");
  const SingleFlight::Ticket second = flights.Join("k");
  const SingleFlight::Ticket other = flights.Join("other");
  EXPECT_TRUE(first.is_leader());
  EXPECT_FALSE(second.is_leader());
  EXPECT_TRUE(other.is_leader());
}

TEST(SingleFlightTest, EveryFollowerGetsWhatTheLeaderLands) {
  SingleFlight flights;
  SingleFlight::Ticket leader = flights.Join("k");
  int stores = 0;
  const auto results = WithFollowers(
      flights, [&] { leader.Land(Bytes::Copy("value"), [&] { ++stores; }); });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kShared);
    EXPECT_EQ(result.bytes.view(), "value");
  }
  EXPECT_EQ(stores, 1);
  EXPECT_EQ(flights.landings(), 1u);
}

TEST(SingleFlightTest, EveryFollowerGetsTheLeadersFailure) {
  SingleFlight flights;
  SingleFlight::Ticket leader = flights.Join("k");
  const auto failure =
      std::make_exception_ptr(std::out_of_range("no such user"));
  const auto results = WithFollowers(flights, [&] { leader.Fail(failure); });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, std::nullopt);
    EXPECT_EQ(result.failure, failure);
  }
  EXPECT_EQ(flights.landings(), 0u);
}

TEST(SingleFlightTest, ALeaderThatGoesAwayLetsItsFollowersHelpThemselves) {
  SingleFlight flights;
  std::optional<SingleFlight::Ticket> leader(flights.Join("k"));
  const auto results = WithFollowers(flights, [&] { leader.reset(); });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kGaveUp);
  }
}

TEST(SingleFlightTest, AStoreThatThrowsLetsItsFollowersHelpThemselves) {
  SingleFlight flights;
  std::optional<SingleFlight::Ticket> leader(flights.Join("k"));
  const auto results = WithFollowers(flights, [&] {
    EXPECT_THROW(leader->Land(Bytes(), [] { throw std::bad_alloc(); }),
                 std::bad_alloc);
    leader.reset();
  });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kGaveUp);
  }
}

TEST(SingleFlightTest, AFlightThatIsOverIsLeftBehind) {
  SingleFlight flights;
  flights.Join("k").Land(Bytes::Copy("first"), [] {});
  flights.Join("k").Fail(std::make_exception_ptr(1));
  { const SingleFlight::Ticket neither = flights.Join("k"); }
  EXPECT_TRUE(flights.Join("k").is_leader());
}

TEST(SingleFlightTest, AFollowerIsToldWhenMaxWaitIsOver) {
  SingleFlight flights;
  SingleFlight::Ticket leader = flights.Join("k");
  std::thread([&] {
    Bytes bytes;
    for (const int wait_ms : {1, 0, -1}) {
      SingleFlight::Ticket follower = flights.Join("k");
      EXPECT_EQ(follower.Wait(Steady(), milliseconds(wait_ms), bytes),
                Outcome::kTimedOut);
    }
  }).join();
}

// milliseconds::max() is how one writes "as long as it takes".
TEST(SingleFlightTest, TheLongestWaitWaits) {
  SingleFlight flights;
  SingleFlight::Ticket leader = flights.Join("k");
  std::latch joined(1);
  Bytes bytes;
  std::thread thread([&] {
    SingleFlight::Ticket follower = flights.Join("k");
    joined.count_down();
    EXPECT_EQ(follower.Wait(Steady(), milliseconds::max(), bytes),
              Outcome::kShared);
  });
  joined.wait();
  leader.Land(Bytes::Copy("value"), [] {});
  thread.join();
  EXPECT_EQ(bytes.view(), "value");
}

TEST(SingleFlightTest, TheLeadersOwnThreadDoesNotWaitForItself) {
  SingleFlight flights;
  const SingleFlight::Ticket leader = flights.Join("k");
  Bytes bytes;
  EXPECT_EQ(flights.Join("k").Wait(Steady(), kLong, bytes), Outcome::kGaveUp);
}

// A batch that names a key twice waits for what it has landed itself.
TEST(SingleFlightTest, WhatTheLeadersOwnThreadHasLandedItGets) {
  SingleFlight flights;
  SingleFlight::Ticket leader = flights.Join("k");
  SingleFlight::Ticket follower = flights.Join("k");
  leader.Land(Bytes::Copy("value"), [] {});
  Bytes bytes;
  EXPECT_EQ(follower.Wait(Steady(), kLong, bytes), Outcome::kShared);
  EXPECT_EQ(bytes.view(), "value");
}

TEST(SingleFlightTest, EveryFollowerIsToldThatThereIsNothing) {
  SingleFlight flights;
  SingleFlight::Ticket leader = flights.Join("k");
  const auto results =
      WithFollowers(flights, [&] { leader.Land(std::nullopt, [] {}); });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kNothing);
  }
}

TEST(SingleFlightTest, ASupersededFlightSharesButDoesNotStore) {
  SingleFlight flights;
  SingleFlight::Ticket leader = flights.Join("k");
  bool stored = false;
  const auto results = WithFollowers(flights, [&] {
    { const SingleFlight::Write write(flights, "k"); }
    leader.Land(Bytes::Copy("old"), [&] { stored = true; });
  });
  EXPECT_FALSE(stored);
  for (const Waited& result : results) {
    EXPECT_EQ(result.bytes.view(), "old");
  }
}

// A load that begins and ends while the write is on its way to the backend.
TEST(SingleFlightTest, AFlightThatBeginsDuringAWriteDoesNotStore) {
  SingleFlight flights;
  bool stored = false;
  const auto load = [&] {
    SingleFlight::Ticket leader = flights.Join("k");
    ASSERT_TRUE(leader.is_leader());
    leader.Land(Bytes(), [&] { stored = true; });
  };
  {
    const SingleFlight::Write write(flights, "k");
    load();
    EXPECT_FALSE(stored);
  }
  {
    const SingleFlight::WriteMany write(flights);
    load();
    EXPECT_FALSE(stored);
  }
  load();
  EXPECT_TRUE(stored);
}

TEST(SingleFlightTest, WhoComesAfterAWriteDoesNotJoinAFlightOfBefore) {
  SingleFlight flights;
  std::optional<SingleFlight::Ticket> during;
  {
    const SingleFlight::Write write(flights, "k");
    during.emplace(flights.Join("k"));
    EXPECT_FALSE(flights.Join("k").is_leader());
  }
  EXPECT_TRUE(flights.Join("k").is_leader());
}

TEST(SingleFlightTest, AfterAWriteTheNextToJoinLeadsAFlightOfItsOwn) {
  SingleFlight flights;
  SingleFlight::Ticket old = flights.Join("k");
  { const SingleFlight::Write write(flights, "k"); }
  SingleFlight::Ticket fresh = flights.Join("k");
  EXPECT_TRUE(fresh.is_leader());
  // The end of the old one does not end the new one.
  old.Land(Bytes(), [] {});
  EXPECT_FALSE(flights.Join("k").is_leader());
  bool stored = false;
  fresh.Land(Bytes(), [&] { stored = true; });
  EXPECT_TRUE(stored);
}

TEST(SingleFlightTest, AWriteConcernsOnePathUnlessItIsOfAll) {
  SingleFlight flights;
  std::string stored;
  SingleFlight::Ticket a = flights.Join("a");
  SingleFlight::Ticket b = flights.Join("b");
  { const SingleFlight::Write write(flights, "a"); }
  a.Land(Bytes(), [&] { stored += 'a'; });
  b.Land(Bytes(), [&] { stored += 'b'; });
  EXPECT_EQ(stored, "b");
  SingleFlight::Ticket c = flights.Join("c");
  SingleFlight::Ticket d = flights.Join("d");
  SingleFlight::WriteMany(flights).SupersedeAll();
  c.Land(Bytes(), [&] { stored += 'c'; });
  d.Land(Bytes(), [&] { stored += 'd'; });
  EXPECT_EQ(stored, "b");
}

}  // namespace
}  // namespace appcache
