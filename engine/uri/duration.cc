#include "engine/uri/duration.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <string>
#include <system_error>

#include "appcache/times.h"
#include "engine/uri/ascii.h"

namespace appcache::internal {
namespace {

constexpr uint64_t kMaxMilliseconds = kMaxTtl.count();

struct DurationUnit {
  std::string_view name;  // lower case
  uint64_t milliseconds;
};

constexpr DurationUnit kDurationUnits[] = {
    {"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000},
    {"m", 60'000},      {"s", 1000},       {"ms", 1}};
constexpr size_t kSeconds = 4;  // the index of the unit of a number alone

// whole + fraction / scale.
struct Amount {
  uint64_t whole = 0;
  uint64_t fraction = 0;
  uint64_t scale = 1;
  bool has_fraction = false;
};

Status InvalidDuration(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status NotADuration() {
  return InvalidDuration(
      "it must be a duration such as 500ms, 10s, 5m, 1h, 7d, 2w, 1h30m or "
      "1.5h, or a number of seconds");
}

Status TooLong() {
  return InvalidDuration("a duration must be at most 100 years");
}

Status TooFine() {
  return InvalidDuration("a duration must be a whole number of milliseconds");
}

// Removes the longest beginning of `rest` whose characters satisfy `accept`.
template <class Accept>
std::string_view Take(std::string_view& rest, Accept accept) {
  const auto end = std::find_if_not(rest.begin(), rest.end(), accept);
  const auto size = static_cast<size_t>(end - rest.begin());
  const std::string_view taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

Status TakeFraction(std::string_view& rest, Amount& number) {
  std::string_view digits = Take(rest, IsDigit);
  if (digits.empty()) return NotADuration();
  number.has_fraction = true;
  digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  // A week is a multiple of 2^10 milliseconds but not of 2^11, so that no more
  // digits make a whole number. With these, no product below overflows.
  if (digits.size() > 10) return TooFine();
  for (const char digit : digits) {
    number.fraction = number.fraction * 10 + static_cast<uint64_t>(digit - '0');
    number.scale *= 10;
  }
  return Status();
}

Result<Amount> TakeNumber(std::string_view& rest) {
  Amount number;
  const std::string_view digits = Take(rest, IsDigit);
  const auto [end, error] = std::from_chars(
      digits.data(), digits.data() + digits.size(), number.whole);
  if (error == std::errc::result_out_of_range) return TooLong();
  if (error != std::errc()) return NotADuration();
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    Status status = TakeFraction(rest, number);
    if (!status.ok()) return status;
  }
  return number;
}

// The index in kDurationUnits, or its size.
size_t FindUnit(std::string_view typed) {
  const auto same = [&](const DurationUnit& unit) {
    return std::equal(unit.name.begin(), unit.name.end(), typed.begin(),
                      typed.end(),
                      [](char name, char c) { return name == Lower(c); });
  };
  return static_cast<size_t>(
      std::find_if(std::begin(kDurationUnits), std::end(kDurationUnits), same) -
      std::begin(kDurationUnits));
}

// Adds number * unit to `sum`, which is at most kMaxMilliseconds.
Status Add(const Amount& number, const DurationUnit& unit, uint64_t& sum) {
  if (number.whole > kMaxMilliseconds / unit.milliseconds) return TooLong();
  const uint64_t fraction = number.fraction * unit.milliseconds;
  if (fraction % number.scale != 0) return TooFine();
  sum += number.whole * unit.milliseconds + fraction / number.scale;
  return sum > kMaxMilliseconds ? TooLong() : Status();
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  uint64_t sum = 0;
  size_t next_unit = 0;  // the largest that may follow
  std::string_view rest = text;
  do {
    const bool is_first = rest.size() == text.size();
    const Result<Amount> number = TakeNumber(rest);
    if (!number.ok()) return number.status();
    const std::string_view name = Take(rest, IsLetter);
    const bool is_alone = is_first && name.empty() && rest.empty();
    const size_t unit = is_alone ? kSeconds : FindUnit(name);
    if (!is_first && name.empty() && rest.empty()) {
      return InvalidDuration(
          "each number of a duration must have a unit, as in 1h30m; only a "
          "number alone is in seconds");
    }
    if (unit == std::size(kDurationUnits)) return NotADuration();
    if (unit < next_unit) {
      return InvalidDuration(
          "the units of a duration must be in the order w, d, h, m, s, ms, "
          "each at most once, as in 1h30m");
    }
    if (number->has_fraction && !rest.empty()) {
      return InvalidDuration(
          "only the last number of a duration may have a fraction, as in 1.5h "
          "or 1m0.5s");
    }
    Status status = Add(*number, kDurationUnits[unit], sum);
    if (!status.ok()) return status;
    next_unit = unit + 1;
  } while (!rest.empty());
  return std::chrono::milliseconds(sum);
}

}  // namespace appcache::internal
