// The hash under which an entry is stored.

#ifndef APPCACHE_ENGINE_LRU_HASH_H_
#define APPCACHE_ENGINE_LRU_HASH_H_

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

namespace appcache::lru {

// XXH3 with 64 bits and a seed: without the seed of the database, nobody can
// choose paths that collide. Part of the file format, so it never changes
// within a schema version.
inline int64_t HashPath(std::string_view path, int64_t seed) noexcept {
  return static_cast<int64_t>(XXH3_64bits_withSeed(
      path.data(), path.size(), static_cast<XXH64_hash_t>(seed)));
}

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_HASH_H_
