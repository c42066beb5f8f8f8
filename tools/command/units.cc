#include "tools/command/units.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <optional>
#include <span>

#include "engine/cache.h"

namespace appcache::command {
namespace {

struct Unit {
  std::string_view name;  // lower case
  uint64_t factor;
};

constexpr Unit kDurationUnits[] = {
    {"", 1000},    {"ms", 1},        {"s", 1000},
    {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000},
};

constexpr uint64_t kKibi = 1024;
constexpr uint64_t kKilo = 1000;
constexpr Unit kSizeUnits[] = {
    {"", 1},
    {"b", 1},
    {"k", kKibi},
    {"kib", kKibi},
    {"kb", kKilo},
    {"m", kKibi* kKibi},
    {"mib", kKibi* kKibi},
    {"mb", kKilo* kKilo},
    {"g", kKibi* kKibi* kKibi},
    {"gib", kKibi* kKibi* kKibi},
    {"gb", kKilo* kKilo* kKilo},
    {"t", kKibi* kKibi* kKibi* kKibi},
    {"tib", kKibi* kKibi* kKibi* kKibi},
    {"tb", kKilo* kKilo* kKilo* kKilo},
};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

bool SameName(std::string_view name, std::string_view typed) {
  if (name.size() != typed.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != Lower(typed[i])) return false;
  }
  return true;
}

// The number and its unit multiplied; none if it is not that or too large.
std::optional<uint64_t> ParseWithUnit(std::string_view text,
                                      std::span<const Unit> units) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view typed(rest, static_cast<size_t>(end - rest));
  for (const Unit& unit : units) {
    if (!SameName(unit.name, typed)) continue;
    if (number > std::numeric_limits<uint64_t>::max() / unit.factor) {
      return std::nullopt;
    }
    return number * unit.factor;
  }
  return std::nullopt;
}

Status Wrong(std::string_view text, const char* what_is_right) {
  return Status(ErrorCode::kInvalidArgument,
                "'" + std::string(text) + "' is not " + what_is_right);
}

template <class... Args>
std::string Format(const char* format, Args... args) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, args...);
  return text.data();
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto parsed = ParseWithUnit(text, kDurationUnits);
  if (!parsed || *parsed > static_cast<uint64_t>(kMaxTtl.count())) {
    return Wrong(text,
                 "a duration: write 500ms, 10s, 5m, 1h, 7d, or plain seconds, "
                 "at most 100 years");
  }
  return std::chrono::milliseconds(*parsed);
}

Result<uint64_t> ParseSize(std::string_view text) {
  const auto parsed = ParseWithUnit(text, kSizeUnits);
  if (!parsed) {
    return Wrong(text,
                 "a size: write bytes, or 64KiB, 8MiB, 1GiB (1024s), or 64KB, "
                 "8MB, 1GB (1000s)");
  }
  return *parsed;
}

Result<uint64_t> ParseCount(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number == 0) {
    return Wrong(text, "a number from 1 on");
  }
  return number;
}

std::string FormatSize(uint64_t bytes) {
  constexpr const char* kNames[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < kKibi) return Format("%d B", static_cast<int>(bytes));
  double scaled = static_cast<double>(bytes) / kKibi;
  size_t name = 0;
  while (scaled >= 1023.95 && name + 1 < std::size(kNames)) {
    scaled /= kKibi;
    ++name;
  }
  return Format(scaled < 99.95 ? "%.1f %s" : "%.0f %s", scaled, kNames[name]);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const int64_t ms = duration.count() < 0 ? 0 : duration.count();
  const int64_t s = ms / 1000;
  const int64_t m = s / 60;
  const int64_t h = m / 60;
  const auto two = [](int64_t large, const char* large_unit, int64_t small,
                      const char* small_unit) {
    return Format("%lld%s %lld%s", static_cast<long long>(large), large_unit,
                  static_cast<long long>(small), small_unit);
  };
  if (s < 10) {
    // Cut off, not rounded: 9.99 s are not 10.
    return Format("%lld.%llds", static_cast<long long>(s),
                  static_cast<long long>(ms / 100 % 10));
  }
  if (m == 0) return Format("%llds", static_cast<long long>(s));
  if (h == 0) return two(m, "m", s % 60, "s");
  if (h < 24) return two(h, "h", m % 60, "m");
  return two(h / 24, "d", h % 24, "h");
}

std::string FormatNanoseconds(uint64_t nanoseconds) {
  const auto value = static_cast<double>(nanoseconds);
  if (nanoseconds < 1000) return Format("%.0f ns", value);
  if (nanoseconds < 1'000'000) return Format("%.1f us", value / 1e3);
  if (nanoseconds < 1'000'000'000) return Format("%.2f ms", value / 1e6);
  return Format("%.2f s", value / 1e9);
}

}  // namespace appcache::command
