// Durations and sizes as people write and read them.

#ifndef APPCACHE_TOOLS_COMMAND_UNITS_H_
#define APPCACHE_TOOLS_COMMAND_UNITS_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/error.h"

namespace appcache::command {

// "500ms", "10s", "5m", "1h", "7d", or seconds without a unit. At most
// appcache::kMaxTtl. Anything else: kInvalidArgument, and a message that says
// what is right.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

// "512" (bytes), "64KiB", "8MiB", "1GiB", "2TiB", and the decimal KB, MB, GB,
// TB. In any case; the B may be left out, which is binary ("64K").
Result<uint64_t> ParseSize(std::string_view text);

// A number of things, at least 1.
Result<uint64_t> ParseCount(std::string_view text);

// "512 B", "1.5 MiB": at most four digits.
std::string FormatSize(uint64_t bytes);

// "0.2s", "42s", "5m 3s", "2h 5m", "3d 4h": the two units that matter.
std::string FormatDuration(std::chrono::milliseconds duration);

// "870 ns", "12.3 us", "4.56 ms", "1.20 s".
std::string FormatNanoseconds(uint64_t nanoseconds);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_UNITS_H_
