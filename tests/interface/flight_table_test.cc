// FlightTable: which callers share a flight.

#include "engine/support/flight_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace appcache::internal::flight_table_test {
namespace {

struct Flight {
  explicit Flight(std::string of, int given = 0)
      : path(std::move(of)), number(given) {
    if (number < 0) throw std::invalid_argument("negative");
  }
  const std::string path;
  const int number;
};

using Table = FlightTable<Flight>;

// Longer than what a std::string holds without an allocation.
const std::string kPath = "pyappcache/a/path/that/is/on/the/heap";

bool Always(const Flight&) { return true; }
bool Never(const Flight&) { return false; }

TEST(FlightTableTest, TheFirstCallerOfAPathAddsAFlightAndOthersJoinIt) {
  Table table;
  const Table::Joined first = table.Join(kPath, Always, 7);
  EXPECT_TRUE(first.is_new);
  EXPECT_EQ(first.flight->path, kPath);
  EXPECT_EQ(first.flight->number, 7);
  const Table::Joined second = table.Join(kPath, Always, 8);
  EXPECT_FALSE(second.is_new);
  EXPECT_EQ(second.flight, first.flight);
  EXPECT_TRUE(table.Join("other", Always).is_new);
}

TEST(FlightTableTest, FindReturnsTheFlightOfThePathOrNull) {
  Table table;
  const Table::Joined joined = table.Join(kPath, Always);
  EXPECT_EQ(table.Find(kPath), joined.flight);
  EXPECT_EQ(table.Find("other"), nullptr);
}

TEST(FlightTableTest, AFlightThatIsNotAcceptedIsReplaced) {
  Table table;
  Table::Joined old = table.Join(kPath, Always, 1);
  const Table::Joined fresh = table.Join(kPath, Never, 2);
  EXPECT_TRUE(fresh.is_new);
  EXPECT_EQ(table.Find(kPath), fresh.flight);
  EXPECT_EQ(table.All().size(), 1U);
  // The key is not a view of the old flight's path.
  table.Remove(*old.flight);
  old.flight.reset();
  EXPECT_EQ(table.Find(kPath), fresh.flight);
  table.Remove(*fresh.flight);
  EXPECT_EQ(table.Find(kPath), nullptr);
}

TEST(FlightTableTest, AcceptsIsAskedAboutTheFlightInTheTable) {
  Table table;
  const Table::Joined joined = table.Join(kPath, Always, 7);
  const auto is_seven = [](const Flight& flight) { return flight.number == 7; };
  EXPECT_EQ(table.Join(kPath, is_seven).flight, joined.flight);
}

TEST(FlightTableTest, AFlightThatIsRemovedIsNotJoined) {
  Table table;
  const Table::Joined first = table.Join(kPath, Always);
  table.Remove(*first.flight);
  table.Remove(*first.flight);
  EXPECT_TRUE(table.Join(kPath, Always).is_new);
}

TEST(FlightTableTest, AnExceptionChangesNothing) {
  Table table;
  EXPECT_THROW(table.Join(kPath, Always, -1), std::invalid_argument);
  EXPECT_EQ(table.Find(kPath), nullptr);
  const Table::Joined joined = table.Join(kPath, Always);
  EXPECT_THROW(table.Join(kPath, Never, -1), std::invalid_argument);
  EXPECT_EQ(table.Find(kPath), joined.flight);
}

TEST(FlightTableTest, AllReturnsEveryFlight) {
  Table table;
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) {
    paths.push_back(std::to_string(i));
    table.Join(paths.back(), Always);
  }
  std::vector<std::string> found;
  for (const auto& flight : table.All()) found.push_back(flight->path);
  std::sort(paths.begin(), paths.end());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, paths);
}

TEST(FlightTableTest, OfManyThreadsOneLeads) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 200;
  Table table;
  for (int round = 0; round < kRounds; ++round) {
    std::latch begin(kThreads);
    std::latch joined(kThreads);
    std::atomic<int> leaders{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        begin.arrive_and_wait();
        const Table::Joined mine = table.Join(kPath, Always, round);
        EXPECT_EQ(mine.flight->number, round);
        joined.arrive_and_wait();
        if (!mine.is_new) return;
        ++leaders;
        table.Remove(*mine.flight);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(leaders, 1);
  }
}

}  // namespace
}  // namespace appcache::internal::flight_table_test
