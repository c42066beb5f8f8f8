// The hash under which an entry is stored.

#ifndef APPCACHE_ENGINE_LRU_HASH_H_
#define APPCACHE_ENGINE_LRU_HASH_H_

#define XXH_INLINE_ALL
#include <xxhash.h>

#ifndef NDEBUG
#include <atomic>
#endif
#include <cstdint>
#include <string_view>

namespace appcache::lru {

#ifndef NDEBUG
// The bits of a hash that are kept. A test keeps few, so that paths collide. It
// must not change while a cache is open.
inline std::atomic<uint64_t> test_hash_mask{~uint64_t{0}};
#endif

// XXH3 with 64 bits and a seed: without the seed of the database, nobody can
// choose paths that collide. Part of the file format, so it never changes
// within a schema version.
inline int64_t HashPath(std::string_view path, int64_t seed) noexcept {
  uint64_t hash = XXH3_64bits_withSeed(path.data(), path.size(),
                                       static_cast<XXH64_hash_t>(seed));
#ifndef NDEBUG
  hash &= test_hash_mask.load(std::memory_order_relaxed);
#endif
  return static_cast<int64_t>(hash);
}

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_HASH_H_
