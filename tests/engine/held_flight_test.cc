// A flight that begins while a write of many paths ends.

#include <gtest/gtest.h>

#include <optional>

#include "appcache/bytes.h"
#include "engine/loading/single_flight.h"
#include "tests/engine/held_call.h"

namespace appcache::held_flight_test {
namespace {

using internal::SingleFlight;

// The flight that is not joined after the write must not store either: once
// another flight has its place, later writes do not find it.
TEST(HeldFlightTest, AFlightThatIsReplacedDoesNotStore) {
  SingleFlight flights;
  std::optional<SingleFlight::WriteMany> write_of_many(flights);
  HeldCall join("flight.joined", [&] { return flights.Join("k"); });
  write_of_many.reset();
  SingleFlight::Ticket old = join.Finish();
  ASSERT_TRUE(old.is_leader());
  SingleFlight::Ticket fresh = flights.Join("k");
  EXPECT_TRUE(fresh.is_leader());
  { const SingleFlight::Write write(flights, "k"); }
  bool stored = false;
  old.Publish(Bytes(), [&] { stored = true; });
  EXPECT_FALSE(stored);
  fresh.Publish(Bytes(), [&] { stored = true; });
  EXPECT_FALSE(stored);
}

}  // namespace
}  // namespace appcache::held_flight_test
