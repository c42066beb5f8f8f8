// Parses durations that people write in options of the command and of the URI
// of a cache.
//
//   duration = number | { number unit }
//   number   = digits [ "." digits ]
//   unit     = "w" | "d" | "h" | "m" | "s" | "ms", in upper or lower case
//
// A number alone is in seconds: "90", "0.5". Otherwise the duration is the sum
// of the parts: "500ms", "1.5h", "1h30m", "2w1d". The units are in descending
// order, each at most once, and only the last number may have a fraction. There
// are no blanks, signs or exponents. A day has 24 hours and a week seven days.

#ifndef APPCACHE_ENGINE_URI_DURATION_H_
#define APPCACHE_ENGINE_URI_DURATION_H_

#include <chrono>
#include <string_view>

#include "appcache/error.h"
#include "appcache/export.h"

namespace appcache::internal {

// Returns kInvalidArgument when `text` is not a duration, is not a whole number
// of milliseconds, or is longer than kMaxTtl. The message says what is valid;
// it does not contain the text, which may be a misplaced password.
APPCACHE_EXPORT Result<std::chrono::milliseconds> ParseDuration(
    std::string_view text);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_URI_DURATION_H_
