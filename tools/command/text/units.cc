#include "tools/command/text/units.h"

#include <array>
#include <cstdio>
#include <iterator>

namespace appcache::command {
namespace {

constexpr uint64_t kKibi = 1024;

template <class... Args>
std::string Format(const char* format, Args... args) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, args...);
  return text.data();
}

}  // namespace

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
    return Format("%lld%s%lld%s", static_cast<long long>(large), large_unit,
                  static_cast<long long>(small), small_unit);
  };
  if (s < 10) {
    // Truncated: rounding would print 9.99 s as 10.0s.
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
