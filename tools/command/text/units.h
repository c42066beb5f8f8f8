// Formats durations and sizes for people.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_UNITS_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_UNITS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace appcache::command {

// "512 B", "1.5 MiB": at most four digits. Rounded, and not for reading back.
std::string FormatSize(uint64_t bytes);

// "0.2s", "42s", "5m3s", "2h5m", "3d4h": the two largest units, rounded down. A
// negative duration is "0.0s". engine/uri/duration.h parses the result.
std::string FormatDuration(std::chrono::milliseconds duration);

// "870 ns", "12.3 us", "4.56 ms", "1.20 s".
std::string FormatNanoseconds(uint64_t nanoseconds);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_UNITS_H_
