#ifndef APPCACHE_TOOLS_CURVE_KEY_HASH_H_
#define APPCACHE_TOOLS_CURVE_KEY_HASH_H_

#include <cstdint>
#include <string_view>

namespace appcache::curve {

// The same for the same key in every program: XXH3.
uint64_t HashKey(std::string_view key) noexcept;

}  // namespace appcache::curve

#endif  // APPCACHE_TOOLS_CURVE_KEY_HASH_H_
