// Values that other clients have encoded, as the flags of their item say.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_FOREIGN_VALUE_H_
#define APPCACHE_ADAPTERS_MEMCACHE_FOREIGN_VALUE_H_

#include <cstdint>
#include <string>

#include "appcache/bytes.h"
#include "appcache/error.h"

namespace appcache::memcache {

// The bytes of a value with `flags` as pylibmc and python-memcached use them:
// bytes (0), an integer or a bool in decimal (2 or 4), and text (16) are
// returned as they are; with zlib (8) they are inflated first. kCorrupt: a
// pickle (1) or other flags; the data is damaged, or inflates to more than
// `max_inflated_bytes`. Uses at most about twice that much memory, because the
// result is copied once. `server` names the server in
// messages. Throws std::bad_alloc.
Result<Bytes> DecodeForeignValue(Bytes stored, uint32_t flags,
                                 uint64_t max_inflated_bytes,
                                 const std::string& server);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_FOREIGN_VALUE_H_
