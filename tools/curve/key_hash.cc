#include "tools/curve/key_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace appcache::curve {

uint64_t HashKey(std::string_view key) noexcept {
  return XXH3_64bits(key.data(), key.size());
}

}  // namespace appcache::curve
