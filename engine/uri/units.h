// Durations, sizes and numbers as people write them, in options of the command
// and of the URI of a cache.
//
// What is not right is kInvalidArgument, and a message that says what is. The
// text itself is not in it: it may be a password that came to the wrong place.

#ifndef APPCACHE_ENGINE_URI_UNITS_H_
#define APPCACHE_ENGINE_URI_UNITS_H_

#include <chrono>
#include <cstdint>
#include <string_view>

#include "engine/error.h"

namespace appcache {

// "500ms", "10s", "5m", "1h", "7d", or seconds without a unit. At most kMaxTtl.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

// "512" (bytes), "64KiB", "8MiB", "1GiB", "2TiB", and the decimal KB, MB, GB,
// TB. In any case; the B may be left out, which is binary ("64K").
Result<uint64_t> ParseSize(std::string_view text);

// A decimal number from `least` to `most`, digits only.
Result<uint64_t> ParseNumber(std::string_view text, uint64_t least,
                             uint64_t most);

// A number of things: from 1 to 2^64 - 1.
Result<uint64_t> ParseCount(std::string_view text);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_URI_UNITS_H_
