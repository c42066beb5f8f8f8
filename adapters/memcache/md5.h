// MD5, which other Memcached clients distribute keys with.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_MD5_H_
#define APPCACHE_ADAPTERS_MEMCACHE_MD5_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace appcache::memcache {

// The four words of a digest. RFC 1321 prints each from its lowest byte on.
using Md5Digest = std::array<uint32_t, 4>;

// The MD5 digest of `message` (RFC 1321). Not for anything that must resist
// an attack: MD5 is broken.
Md5Digest Md5(std::string_view message) noexcept;

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_MD5_H_
