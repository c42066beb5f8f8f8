// Values that other clients have encoded, as the flags of their item say.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_FOREIGN_VALUE_H_
#define APPCACHE_ADAPTERS_MEMCACHE_FOREIGN_VALUE_H_

#include <cstdint>
#include <string>

#include "appcache/bytes.h"
#include "appcache/error.h"

namespace appcache::memcache {

// The bytes of a value with `flags` as pylibmc and python-memcached use them,
// as those serialisers read them that have the value's type:
//
// - bytes (0) and text (16): unchanged.
// - An integer or a bool in decimal (2 or 4): a pickle of the integer
//   (internal::DecimalIn), which is not text.
// - A pickle (1): unchanged, but with the mark of protocol 3 before it if it is
//   of protocol 0 or 1, which have none, so that it is not text either.
//
// With zlib (8) they are inflated first. kCorrupt: other flags; the value is
// not what its flags say, is damaged, or inflates to more than
// `max_inflated_bytes`. Uses at most about twice that much memory, because the
// result is copied once. `server` names the server in messages. Throws
// std::bad_alloc.
Result<Bytes> DecodeForeignValue(Bytes stored, uint32_t flags,
                                 uint64_t max_inflated_bytes,
                                 const std::string& server);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_FOREIGN_VALUE_H_
