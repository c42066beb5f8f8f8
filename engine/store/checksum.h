// The checksum of a row of the table entries.

#ifndef APPCACHE_ENGINE_STORE_CHECKSUM_H_
#define APPCACHE_ENGINE_STORE_CHECKSUM_H_

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdint>
#include <string_view>

#include "engine/store/statement.h"

namespace appcache::store {

// XXH3 with 64 bits of key and value, seeded with h. The expiry time is not in
// it: it may be moved without reading the value, and a check compares it with
// its index. Detects damage, not intent. Part of the file format, so it never
// changes within a schema version.
inline int64_t Checksum(int64_t h, std::string_view key,
                        std::string_view value) noexcept {
  const uint64_t of_key = XXH3_64bits_withSeed(key.data(), key.size(),
                                               static_cast<XXH64_hash_t>(h));
  const uint64_t of_value = XXH3_64bits(value.data(), value.size());
  return static_cast<int64_t>(of_key ^ of_value);
}

// Whether the row of `run` with this h, key and value has the right checksum in
// its column `checksum`, or none.
inline bool IsIntact(const Run& run, int checksum, int64_t h,
                     std::string_view key, std::string_view value) noexcept {
  return run.IsNull(checksum) || run.Int(checksum) == Checksum(h, key, value);
}

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_CHECKSUM_H_
