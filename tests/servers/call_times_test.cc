// ExpectMostInTime: which rounds it repeats, and which fail.

#include "tests/servers/call_times.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace appcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTimeout{200};

// Three calls that timed out that late, and one that did not.
CallTimes RoundOf(milliseconds first, milliseconds second, milliseconds third) {
  CallTimes times(kTimeout);
  for (const milliseconds late : {first, second, third}) {
    times.Add(kTimeout + late, milliseconds(0), true);
  }
  times.Add(milliseconds(1), milliseconds(0), false);
  return times;
}

TEST(CallTimesTest, ARoundInWhichMostAreInTimeIsNotRepeated) {
  int rounds = 0;
  ExpectMostInTime([&] {
    ++rounds;
    return RoundOf(milliseconds(20), milliseconds(5000), milliseconds(0));
  });
  EXPECT_EQ(rounds, 1);
}

// As when the machine stops for a while.
TEST(CallTimesTest, ALateRoundIsRepeated) {
  int rounds = 0;
  ExpectMostInTime([&] {
    const milliseconds late(++rounds < 3 ? 100 : 0);
    return RoundOf(late, milliseconds(0), late);
  });
  EXPECT_EQ(rounds, 3);
}

TEST(CallTimesTest, CallsThatAreLateInEachRoundFail) {
  static int rounds;
  rounds = 0;
  EXPECT_NONFATAL_FAILURE(
      ExpectMostInTime(
          [] {
            ++rounds;
            return RoundOf(milliseconds(21), milliseconds(0), milliseconds(21));
          },
          seconds(0)),
      "were late");
  EXPECT_EQ(rounds, 1);
}

TEST(CallTimesTest, ACallThatHangsFailsAlsoInARoundThatIsRepeated) {
  static int rounds;
  rounds = 0;
  EXPECT_NONFATAL_FAILURE(ExpectMostInTime([] {
                            const milliseconds late =
                                ++rounds < 2 ? kCallPatience * 2 : seconds(0);
                            return RoundOf(late, milliseconds(0), late);
                          }),
                          "kCallPatience");
  EXPECT_EQ(rounds, 2);
}

TEST(CallTimesTest, ARoundInWhichNoCallTimesOutFails) {
  EXPECT_NONFATAL_FAILURE(
      ExpectMostInTime([] { return CallTimes(kTimeout); }, seconds(0)),
      "no call timed out");
}

}  // namespace
}  // namespace appcache
