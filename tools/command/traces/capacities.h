// Capacities of caches on the command line: "100,1000,10000".

#ifndef APPCACHE_TOOLS_COMMAND_TRACES_CAPACITIES_H_
#define APPCACHE_TOOLS_COMMAND_TRACES_CAPACITIES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "appcache/error.h"

namespace appcache::command {

// Both accept numbers from 1, at most kMaxCapacities of them, and return them
// sorted and without duplicates.
inline constexpr size_t kMaxCapacities = 100;

// "100,1000,50000".
Result<std::vector<uint64_t>> ParseCapacities(std::string_view text);
// "64KiB,1MiB".
Result<std::vector<uint64_t>> ParseByteCapacities(std::string_view text);

// 1, 2, 5, 10, ... below `keys`, at most twelve of them, and `keys`.
std::vector<uint64_t> RoundCapacities(uint64_t keys);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TRACES_CAPACITIES_H_
