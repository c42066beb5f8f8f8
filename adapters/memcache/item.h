// Items: what Memcached stores under a key, and how large an item may be.
//
// Under a key that is its path, the item is the value, with flags 0, as
// pyappcache stores it. Under a hashed key (wire_key.h) a header precedes the
// value:
//
//   bytes 0-3   "apk1": the format and its version
//   bytes 4-7   the length of the path, little-endian
//   then        the path

#ifndef APPCACHE_ADAPTERS_MEMCACHE_ITEM_H_
#define APPCACHE_ADAPTERS_MEMCACHE_ITEM_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/memcache/wire_key.h"
#include "appcache/bytes.h"
#include "appcache/lookup.h"

namespace appcache::memcache {

// The limits that memcached allows for its option -I.
inline constexpr uint64_t kMinItemBytes = uint64_t{1} << 10;
inline constexpr uint64_t kMaxItemBytes = uint64_t{1} << 30;

// The header that precedes the value; empty if the key is not hashed. Throws
// std::bad_alloc. REQUIRES: the path has less than 4 GiB.
std::string HeaderOf(const WireKey& key);

// Whose value an item contains.
enum class Stored {
  kValue,    // that of the key's path
  kOther,    // that of another path with the same hash
  kForeign,  // unknown: the item has no header, or one of another version
};

// Finds the value in the item `stored` under `key`. With kValue, sets `value`
// to a part of `stored`; otherwise `value` is unspecified.
Stored ValueIn(std::string_view stored, const WireKey& key,
               std::string_view& value) noexcept;

// The item `stored` under `key` with `flags` as the result of a read: a hit, a
// miss when it belongs to another path, kCorrupt when it is foreign, or is
// encoded in a way that is not known (foreign_value.h). Copies the value if it
// is not the whole item. `server` names the server in messages. Throws
// std::bad_alloc.
Lookup<Bytes> ToLookup(Bytes stored, uint32_t flags, const WireKey& key,
                       uint64_t max_inflated_bytes, const std::string& server);

// The size of an item as the server compares it with its -I: 48 bytes for its
// own header, 8 for the CAS number, the key and a NUL, our header, the value,
// and CR LF. (memcached 1.6 with flags 0; without CAS, -C, it is 8 less.)
uint64_t ItemBytes(const WireKey& key, uint64_t value_bytes) noexcept;

// The largest value that fits into an item of `max_item_bytes`, which it does
// under a key of one byte. REQUIRES: max_item_bytes is at least 1 KiB.
uint64_t MaxValueBytes(uint64_t max_item_bytes) noexcept;

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_ITEM_H_
