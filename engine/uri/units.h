// Parses durations (duration.h), sizes and numbers that people write in options
// of the command and of the URI of a cache.
//
// All functions return kInvalidArgument for other texts. The message says which
// texts are valid; it does not contain the text, which may be a misplaced
// password.

#ifndef APPCACHE_ENGINE_URI_UNITS_H_
#define APPCACHE_ENGINE_URI_UNITS_H_

#include <cstdint>
#include <string_view>

#include "appcache/error.h"
#include "appcache/export.h"
#include "engine/uri/duration.h"  // IWYU pragma: export

namespace appcache::internal {

// "512" (bytes), "64KiB", "8MiB", "1GiB", "2TiB", and the decimal units KB, MB,
// GB and TB. Upper and lower case are alike. K, M, G and T are KiB and so on.
APPCACHE_EXPORT Result<uint64_t> ParseSize(std::string_view text);

// A decimal number from `least` to `most`, of digits only. REQUIRES:
// least <= most.
APPCACHE_EXPORT Result<uint64_t> ParseNumber(std::string_view text,
                                             uint64_t least, uint64_t most);

// A decimal number from 1 to 2^64 - 1.
APPCACHE_EXPORT Result<uint64_t> ParseCount(std::string_view text);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_URI_UNITS_H_
