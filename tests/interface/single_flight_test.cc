// SingleFlight alone: here a test knows that followers have joined before the
// leader publishes.

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

namespace appcache::single_flight_test {
namespace {

using Outcome = internal::SingleFlight::Ticket::Outcome;
using std::chrono::milliseconds;

constexpr int kFollowers = 6;
constexpr milliseconds kLong = std::chrono::minutes(10);

const Clock& Steady() { return *Clock::Steady(); }

// The result of a follower's wait.
struct Waited {
  std::optional<Outcome> outcome;
  Bytes bytes;
  std::exception_ptr failure;
};

// Lets kFollowers threads join "k", then calls `lead` while they wait.
std::array<Waited, kFollowers> WithFollowers(
    internal::SingleFlight& flights, const std::function<void()>& lead) {
  std::array<Waited, kFollowers> results;
  std::latch joined(kFollowers);
  std::vector<std::thread> threads;
  for (Waited& result : results) {
    threads.emplace_back([&] {
      internal::SingleFlight::Ticket ticket = flights.Join("k");
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
  internal::SingleFlight flights;
  const internal::SingleFlight::Ticket first = flights.Join("k");
  const internal::SingleFlight::Ticket second = flights.Join("k");
  const internal::SingleFlight::Ticket other = flights.Join("other");
  EXPECT_TRUE(first.is_leader());
  EXPECT_FALSE(second.is_leader());
  EXPECT_TRUE(other.is_leader());
}

TEST(SingleFlightTest, EveryFollowerGetsThePublishedValue) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket leader = flights.Join("k");
  int stores = 0;
  const auto results = WithFollowers(flights, [&] {
    leader.Publish(Bytes::Copy("value"), [&] { ++stores; });
  });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kShared);
    EXPECT_EQ(result.bytes.view(), "value");
  }
  EXPECT_EQ(stores, 1);
  EXPECT_EQ(flights.completions(), 1u);
}

TEST(SingleFlightTest, EveryFollowerGetsTheLeadersFailure) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket leader = flights.Join("k");
  const auto failure =
      std::make_exception_ptr(std::out_of_range("no such user"));
  const auto results = WithFollowers(flights, [&] { leader.Fail(failure); });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, std::nullopt);
    EXPECT_EQ(result.failure, failure);
  }
  EXPECT_EQ(flights.completions(), 0u);
}

TEST(SingleFlightTest, FollowersGetGaveUpWhenTheLeaderIsDestroyed) {
  internal::SingleFlight flights;
  std::optional<internal::SingleFlight::Ticket> leader(flights.Join("k"));
  const auto results = WithFollowers(flights, [&] { leader.reset(); });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kGaveUp);
  }
}

TEST(SingleFlightTest, FollowersGetGaveUpWhenTheStoreThrows) {
  internal::SingleFlight flights;
  std::optional<internal::SingleFlight::Ticket> leader(flights.Join("k"));
  const auto results = WithFollowers(flights, [&] {
    EXPECT_THROW(leader->Publish(Bytes(), [] { throw std::bad_alloc(); }),
                 std::bad_alloc);
    leader.reset();
  });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kGaveUp);
  }
}

TEST(SingleFlightTest, ACompletedFlightIsNotJoined) {
  internal::SingleFlight flights;
  flights.Join("k").Publish(Bytes::Copy("first"), [] {});
  flights.Join("k").Fail(std::make_exception_ptr(1));
  { const internal::SingleFlight::Ticket neither = flights.Join("k"); }
  EXPECT_TRUE(flights.Join("k").is_leader());
}

TEST(SingleFlightTest, AFollowerTimesOutAfterMaxWait) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket leader = flights.Join("k");
  std::thread([&] {
    Bytes bytes;
    for (const int wait_ms : {1, 0, -1}) {
      internal::SingleFlight::Ticket follower = flights.Join("k");
      EXPECT_EQ(follower.Wait(Steady(), milliseconds(wait_ms), bytes),
                Outcome::kTimedOut);
    }
  }).join();
}

TEST(SingleFlightTest, TheMaximumWaitDoesNotOverflow) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket leader = flights.Join("k");
  std::latch joined(1);
  Bytes bytes;
  std::thread thread([&] {
    internal::SingleFlight::Ticket follower = flights.Join("k");
    joined.count_down();
    EXPECT_EQ(follower.Wait(Steady(), milliseconds::max(), bytes),
              Outcome::kShared);
  });
  joined.wait();
  leader.Publish(Bytes::Copy("value"), [] {});
  thread.join();
  EXPECT_EQ(bytes.view(), "value");
}

TEST(SingleFlightTest, TheLeadersThreadDoesNotWaitForItself) {
  internal::SingleFlight flights;
  const internal::SingleFlight::Ticket leader = flights.Join("k");
  Bytes bytes;
  EXPECT_EQ(flights.Join("k").Wait(Steady(), kLong, bytes), Outcome::kOwn);
  {
    const internal::SingleFlight::Ticket::InOwn again(leader);
    EXPECT_EQ(flights.Join("k").Wait(Steady(), kLong, bytes), Outcome::kCycle);
  }
  EXPECT_EQ(flights.Join("k").Wait(Steady(), kLong, bytes), Outcome::kOwn);
}

// A batch with a duplicate key waits for what it has published itself.
TEST(SingleFlightTest, TheLeadersThreadGetsThePublishedValue) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket leader = flights.Join("k");
  internal::SingleFlight::Ticket follower = flights.Join("k");
  leader.Publish(Bytes::Copy("value"), [] {});
  Bytes bytes;
  EXPECT_EQ(follower.Wait(Steady(), kLong, bytes), Outcome::kShared);
  EXPECT_EQ(bytes.view(), "value");
}

TEST(SingleFlightTest, EveryFollowerGetsNothing) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket leader = flights.Join("k");
  const auto results =
      WithFollowers(flights, [&] { leader.Publish(std::nullopt, [] {}); });
  for (const Waited& result : results) {
    EXPECT_EQ(result.outcome, Outcome::kNothing);
  }
}

TEST(SingleFlightTest, ASupersededFlightSharesItsValueButDoesNotStoreIt) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket leader = flights.Join("k");
  bool stored = false;
  const auto results = WithFollowers(flights, [&] {
    { const internal::SingleFlight::Write write(flights, "k"); }
    leader.Publish(Bytes::Copy("old"), [&] { stored = true; });
  });
  EXPECT_FALSE(stored);
  for (const Waited& result : results) {
    EXPECT_EQ(result.bytes.view(), "old");
  }
}

// The load starts and ends while the write is in progress.
TEST(SingleFlightTest, AFlightThatStartsDuringAWriteDoesNotStore) {
  internal::SingleFlight flights;
  bool stored = false;
  const auto load = [&] {
    internal::SingleFlight::Ticket leader = flights.Join("k");
    ASSERT_TRUE(leader.is_leader());
    leader.Publish(Bytes(), [&] { stored = true; });
  };
  {
    const internal::SingleFlight::Write write(flights, "k");
    load();
    EXPECT_FALSE(stored);
  }
  {
    const internal::SingleFlight::WriteMany write(flights);
    load();
    EXPECT_FALSE(stored);
  }
  load();
  EXPECT_TRUE(stored);
}

TEST(SingleFlightTest, AfterAWriteAnOlderFlightIsNotJoined) {
  internal::SingleFlight flights;
  std::optional<internal::SingleFlight::Ticket> during;
  {
    const internal::SingleFlight::Write write(flights, "k");
    during.emplace(flights.Join("k"));
    EXPECT_FALSE(flights.Join("k").is_leader());
  }
  EXPECT_TRUE(flights.Join("k").is_leader());
}

TEST(SingleFlightTest, AfterAWriteOfManyAFlightThatBeganInItIsNotJoined) {
  internal::SingleFlight flights;
  const internal::SingleFlight::Ticket before = flights.Join("before");
  std::optional<internal::SingleFlight::Ticket> during;
  {
    const internal::SingleFlight::WriteMany write(flights);
    during.emplace(flights.Join("k"));
    EXPECT_FALSE(flights.Join("k").is_leader());
  }
  {
    // During another write, too.
    const internal::SingleFlight::WriteMany write(flights);
    const internal::SingleFlight::Ticket fresh = flights.Join("k");
    EXPECT_TRUE(fresh.is_leader());
    EXPECT_FALSE(flights.Join("k").is_leader());
  }
  EXPECT_TRUE(flights.Join("k").is_leader());
  // A flight of a path that was not written goes on.
  EXPECT_FALSE(flights.Join("before").is_leader());
}

TEST(SingleFlightTest, AfterAWriteTheNextToJoinLeadsANewFlight) {
  internal::SingleFlight flights;
  internal::SingleFlight::Ticket old = flights.Join("k");
  { const internal::SingleFlight::Write write(flights, "k"); }
  internal::SingleFlight::Ticket fresh = flights.Join("k");
  EXPECT_TRUE(fresh.is_leader());
  // The end of the old flight does not end the new one.
  old.Publish(Bytes(), [] {});
  EXPECT_FALSE(flights.Join("k").is_leader());
  bool stored = false;
  fresh.Publish(Bytes(), [&] { stored = true; });
  EXPECT_TRUE(stored);
}

TEST(SingleFlightTest, AWriteSupersedesItsPathAndSupersedeAllEveryPath) {
  internal::SingleFlight flights;
  std::string stored;
  internal::SingleFlight::Ticket a = flights.Join("a");
  internal::SingleFlight::Ticket b = flights.Join("b");
  { const internal::SingleFlight::Write write(flights, "a"); }
  a.Publish(Bytes(), [&] { stored += 'a'; });
  b.Publish(Bytes(), [&] { stored += 'b'; });
  EXPECT_EQ(stored, "b");
  internal::SingleFlight::Ticket c = flights.Join("c");
  internal::SingleFlight::Ticket d = flights.Join("d");
  internal::SingleFlight::WriteMany(flights).SupersedeAll();
  c.Publish(Bytes(), [&] { stored += 'c'; });
  d.Publish(Bytes(), [&] { stored += 'd'; });
  EXPECT_EQ(stored, "b");
}

}  // namespace
}  // namespace appcache::single_flight_test
