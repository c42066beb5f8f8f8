#include "engine/uri/duration.h"

#include <gtest/gtest.h>

#include <string>

#include "appcache/times.h"
#include "tests/support/random.h"

namespace appcache::internal::duration_test {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kWeek = 7 * kDay;

constexpr const char* kExamples =
    "500ms, 10s, 5m, 1h, 7d, 2w, 1h30m or 1.5h, or a number of seconds";
constexpr const char* kOrder = "in the order w, d, h, m, s, ms, each at most";
constexpr const char* kNoUnit = "each number of a duration must have a unit";
constexpr const char* kFraction = "only the last number of a duration may have";
constexpr const char* kTooFine = "a whole number of milliseconds";
constexpr const char* kTooLong = "at most 100 years";

struct Valid {
  const char* text;
  int64_t milliseconds;
};

TEST(DurationTest, ADurationIsASumOfPartsOrInSeconds) {
  const Valid valid[] = {
      {"500ms", 500},
      {"10s", 10 * kSecond},
      {"5m", 5 * kMinute},
      {"1h", kHour},
      {"7d", 7 * kDay},
      {"2w", 2 * kWeek},
      {"90", 90 * kSecond},
      {"0", 0},
      {"000", 0},
      {"0ms", 0},
      {"1H", kHour},
      {"3MS", 3},
      {"1h30m", kHour + 30 * kMinute},
      {"1w2d", kWeek + 2 * kDay},
      {"1d0h5m", kDay + 5 * kMinute},
      {"1w2d3h4m5s6ms",
       kWeek + 2 * kDay + 3 * kHour + 4 * kMinute + 5 * kSecond + 6},
      {"90m", 90 * kMinute},
      {"1h90m", kHour + 90 * kMinute},
      {"1W2D", kWeek + 2 * kDay},
      {"1.5h", 90 * kMinute},
      {"0.5s", 500},
      {"0.5", 500},
      {"1.250", 1250},
      {"1.0000000000000000000000000000ms", 1},
      {"0.001s", 1},
      {"0.1w", kWeek / 10},
      {"1h0.5m", kHour + 30 * kSecond},
      // The most digits that make a whole number.
      {"0.0009765625w", kWeek / 1024},
      // The largest number of every unit.
      {"36500d", kMaxTtl.count()},
      {"876000h", kMaxTtl.count()},
      {"3153600000000ms", kMaxTtl.count()},
      {"3153600000", kMaxTtl.count()},
      {"36499d24h", kMaxTtl.count()},
  };
  for (const Valid& duration : valid) {
    const auto parsed = ParseDuration(duration.text);
    ASSERT_TRUE(parsed.ok()) << duration.text << parsed.error().message;
    EXPECT_EQ(parsed->count(), duration.milliseconds) << duration.text;
  }
}

struct Wrong {
  const char* text;
  const char* message;
};

TEST(DurationTest, TheErrorOfAnotherTextSaysWhatIsRight) {
  const Wrong wrong[] = {
      {"", kExamples},
      {"h", kExamples},
      {".", kExamples},
      {"-5", kExamples},
      {"-5s", kExamples},
      {"+5", kExamples},
      {"1h-5m", kExamples},
      {"5x", kExamples},
      {"5y", kExamples},
      {"5us", kExamples},
      {"5min", kExamples},
      {"5mss", kExamples},
      {"5 s", kExamples},
      {" 5s", kExamples},
      {"5s ", kExamples},
      {"1h 30m", kExamples},
      {"0x10", kExamples},
      {"1e3", kExamples},
      {"1e3s", kExamples},
      {"1,5h", kExamples},
      {".5h", kExamples},
      {"5.h", kExamples},
      {"1.2.3s", kExamples},
      {"5\xc2\xb5s", kExamples},
      {"30m1h", kOrder},
      {"1h1h", kOrder},
      {"1ms1s", kOrder},
      {"1H30M30m", kOrder},
      {"1h30", kNoUnit},
      {"1h0.5", kNoUnit},
      {"1.5h30m", kFraction},
      {"1.0h30m", kFraction},
      {"0.0001s", kTooFine},
      {"0.5ms", kTooFine},
      {"0.3333333333333333h", kTooFine},
      {"0.00048828125w", kTooFine},
      {"36501d", kTooLong},
      {"36500d1ms", kTooLong},
      {"36499d24h0.001s", kTooLong},
      {"3153600000.001", kTooLong},
      {"5215w", kTooLong},
      {"18446744073709551615", kTooLong},
      {"18446744073709551615ms", kTooLong},
      {"18446744073709551616", kTooLong},
      {"99999999999999999999d", kTooLong},
      {"18446744073709551w18446744073709551d", kTooLong},
  };
  for (const Wrong& duration : wrong) {
    const auto parsed = ParseDuration(duration.text);
    ASSERT_FALSE(parsed.ok()) << duration.text;
    EXPECT_TRUE(parsed.status().Is(ErrorCode::kInvalidArgument));
    EXPECT_NE(parsed.error().message.find(duration.message), std::string::npos)
        << duration.text << ": " << parsed.error().message;
  }
}

TEST(DurationTest, ANulIsNotTheEnd) {
  EXPECT_FALSE(ParseDuration(std::string_view("5s\0", 3)).ok());
  EXPECT_FALSE(ParseDuration(std::string_view("5\0s", 3)).ok());
}

// Writes a duration in units that are chosen at random.
TEST(DurationTest, PartsInAnySubsetOfTheUnitsAddUp) {
  const Valid units[] = {{"w", kWeek},   {"d", kDay},    {"h", kHour},
                         {"m", kMinute}, {"s", kSecond}, {"ms", 1}};
  RandomSource random;
  for (int i = 0; i < 10'000; ++i) {
    std::string text;
    int64_t sum = 0;
    for (const Valid& unit : units) {
      if (random.Below(2) == 0) continue;
      const auto number = static_cast<int64_t>(random.Below(1000));
      text += std::to_string(number) + unit.text;
      sum += number * unit.milliseconds;
    }
    if (text.empty()) continue;
    const auto parsed = ParseDuration(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(parsed->count(), sum) << text;
  }
}

// Any text: an error, or a duration within its limits.
TEST(DurationTest, EveryTextIsADurationOrAnError) {
  constexpr std::string_view kCharacters = "0019.wdhms -";
  RandomSource random;
  for (int i = 0; i < 100'000; ++i) {
    std::string text(random.Below(12), '\0');
    for (char& c : text) c = kCharacters[random.Below(kCharacters.size())];
    const auto parsed = ParseDuration(text);
    if (!parsed.ok()) continue;
    EXPECT_GE(parsed->count(), 0) << text;
    EXPECT_LE(*parsed, kMaxTtl) << text;
  }
}

}  // namespace
}  // namespace appcache::internal::duration_test
