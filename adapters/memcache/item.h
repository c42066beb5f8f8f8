// What is in an item, how large it may be, and when it ends.
//
// Under a key that is its path the item is the value, with flags 0, as
// pyappcache has it. Under a hashed key (wire_key.h) the value comes behind a
// header:
//
//   bytes 0-3   "apk1": the format, and its version
//   bytes 4-7   the length of the path, little-endian
//   then        the path, then the value

#ifndef APPCACHE_ADAPTERS_MEMCACHE_ITEM_H_
#define APPCACHE_ADAPTERS_MEMCACHE_ITEM_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/memcache/wire_key.h"
#include "engine/cache.h"
#include "engine/clock.h"

namespace appcache::memcache {

// What comes before the value: nothing, or the header. REQUIRES: a path of less
// than 4 GiB.
std::string HeaderOf(const WireKey& key);

enum class Stored {
  kValue,    // of that path
  kOther,    // of a path with the same hash
  kForeign,  // not written by this library: no header, or not this version's
};

// What of the item `stored` under `key` is the value. `value` is a part of
// `stored`.
Stored ValueIn(std::string_view stored, const WireKey& key,
               std::string_view& value) noexcept;

// What the item says, as the cache's user sees it: the value, a miss when it is
// another path's, kCorrupt when it is foreign. `server` is what messages call
// the server. Copies a value that is a part of the item. Throws std::bad_alloc.
Lookup<Bytes> ToLookup(Bytes stored, const WireKey& key,
                       const std::string& server);

// What an item takes of the server's -I: its header of 48 bytes, a CAS number
// of 8, the key and a NUL, header and value, and CR LF. (memcached 1.6, with
// flags 0; without CAS, -C, it takes 8 less.)
uint64_t ItemBytes(const WireKey& key, uint64_t value_bytes) noexcept;

// The largest value that fits into `max_item_bytes`: under a key of one byte.
uint64_t MaxValueBytes(uint64_t max_item_bytes) noexcept;

// Ttls as Memcached takes them, which is not before they have ended: it counts
// in whole seconds of its own, so one is added. Up to 30 days they are relative
// to the server's clock, beyond that an absolute time, which is 32 bits wide:
// what would end after January 2038 never ends. Zero never ends.
int64_t ExpTime(Ttl ttl, TimePoint now) noexcept;

// The other way: of what the server says is left (-1: never ends), without the
// second that was added; more than zero if it ends.
Ttl LeftOf(int64_t seconds) noexcept;

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_ITEM_H_
