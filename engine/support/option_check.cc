#include "engine/support/option_check.h"

#include <bit>
#include <cassert>
#include <limits>
#include <string>
#include <utility>

namespace appcache::internal {
namespace {

using std::chrono::milliseconds;

// A unit, and how one and several of it are written.
struct UnitText {
  int64_t factor;
  const char* one;
  const char* several;
};

// The largest first.
constexpr UnitText kDurationUnitTexts[] = {
    {int64_t{365} * 24 * 3600 * 1000, "a year", " years"},
    {int64_t{24} * 3600 * 1000, "a day", " days"},
    {int64_t{3600} * 1000, "an hour", " hours"},
    {int64_t{60} * 1000, "a minute", " minutes"},
    {1000, "1 s", " s"},
};
constexpr UnitText kSizeUnitTexts[] = {
    {int64_t{1} << 40, "1 TiB", " TiB"},
    {int64_t{1} << 30, "1 GiB", " GiB"},
    {int64_t{1} << 20, "1 MiB", " MiB"},
    {int64_t{1} << 10, "1 KiB", " KiB"},
};

// Numbers from this on that are powers of two are written as such.
constexpr uint64_t kFirstPower = uint64_t{1} << 32;

// `value` in the largest unit of which it is a multiple; else with `smallest`.
template <class T, size_t kUnits>
std::string WithUnit(T value, const UnitText (&units)[kUnits],
                     const char* smallest) {
  for (const UnitText& unit : units) {
    const T factor = static_cast<T>(unit.factor);
    if (value == factor) return unit.one;
    if (value > 0 && value % factor == 0) {
      return std::to_string(value / factor) + unit.several;
    }
  }
  return std::to_string(value) + smallest;
}

std::string DurationText(milliseconds duration) {
  return WithUnit(int64_t{duration.count()}, kDurationUnitTexts, " ms");
}

std::string SizeText(uint64_t size) {
  return WithUnit(size, kSizeUnitTexts, " bytes");
}

// "10,000"; "2^62".
std::string CountText(uint64_t number) {
  if (number >= kFirstPower && std::has_single_bit(number)) {
    return "2^" + std::to_string(std::countr_zero(number));
  }
  std::string text = std::to_string(number);
  for (size_t group = 3; group < text.size(); group += 4) {
    text.insert(text.size() - group, 1, ',');
  }
  return text;
}

Status OutOfRange(std::string_view name, const std::string& value,
                  const std::string& range) {
  std::string message(name);
  message.append(" is ").append(value).append("; it must be ").append(range);
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

std::string RangeText(const std::string& least, const std::string& most) {
  return "from " + least + " to " + most;
}

}  // namespace

Status CheckDuration(std::string_view name, milliseconds value,
                     milliseconds least, milliseconds most) {
  assert(least <= most);
  if (value >= least && value <= most) return Status();
  // The value is written in milliseconds, as the program gives it.
  return OutOfRange(name, std::to_string(value.count()) + " ms",
                    RangeText(DurationText(least), DurationText(most)));
}

Status CheckRange(std::string_view name, uint64_t value, uint64_t least,
                  uint64_t most) {
  assert(least <= most);
  if (value >= least && value <= most) return Status();
  return OutOfRange(name, std::to_string(value),
                    most == std::numeric_limits<uint64_t>::max()
                        ? "at least " + CountText(least)
                        : RangeText(CountText(least), CountText(most)));
}

Status CheckSize(std::string_view name, uint64_t value, uint64_t least,
                 uint64_t most) {
  assert(least <= most);
  if (value >= least && value <= most) return Status();
  return OutOfRange(name, std::to_string(value),
                    RangeText(SizeText(least), SizeText(most)));
}

}  // namespace appcache::internal
