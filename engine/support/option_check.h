// Range checks of options: one form of message for all backends.
//
//   Status status = CheckDuration("busy_timeout", options.busy_timeout,
//                                 milliseconds(0), std::chrono::hours(24));
//   if (!status.ok()) return status;

#ifndef APPCACHE_ENGINE_SUPPORT_OPTION_CHECK_H_
#define APPCACHE_ENGINE_SUPPORT_OPTION_CHECK_H_

#include <chrono>
#include <cstdint>
#include <string_view>

#include "appcache/error.h"
#include "appcache/export.h"

namespace appcache::internal {

// Each returns kInvalidArgument when `value` is not from `least` to `most`,
// both included. REQUIRES: least <= most.

// "busy_timeout is -5 ms; it must be from 0 ms to a day".
APPCACHE_EXPORT Status CheckDuration(std::string_view name,
                                     std::chrono::milliseconds value,
                                     std::chrono::milliseconds least,
                                     std::chrono::milliseconds most);

// "max_connections is 0; it must be from 1 to 10,000". Without an upper limit,
// which is a `most` of 2^64 - 1: "it must be at least 1".
APPCACHE_EXPORT Status CheckRange(std::string_view name, uint64_t value,
                                  uint64_t least, uint64_t most);

// A size in bytes: "max_item_bytes is 5; it must be from 1 KiB to 1 GiB".
APPCACHE_EXPORT Status CheckSize(std::string_view name, uint64_t value,
                                 uint64_t least, uint64_t most);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_OPTION_CHECK_H_
