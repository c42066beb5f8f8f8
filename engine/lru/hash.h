// The hash under which an entry is stored.

#ifndef APPCACHE_ENGINE_LRU_HASH_H_
#define APPCACHE_ENGINE_LRU_HASH_H_

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace appcache {

// XXH3, 64 bits, seeded: whoever does not know a database's seed cannot choose
// paths that collide. Part of the file format: never changes within a schema
// version.
inline int64_t HashPath(std::string_view path, int64_t seed) noexcept {
  return static_cast<int64_t>(XXH3_64bits_withSeed(
      path.data(), path.size(), static_cast<XXH64_hash_t>(seed)));
}

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LRU_HASH_H_
