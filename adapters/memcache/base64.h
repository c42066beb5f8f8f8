// Base64 (RFC 4648, section 4, with padding), as memcached reads keys.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_BASE64_H_
#define APPCACHE_ADAPTERS_MEMCACHE_BASE64_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace appcache::memcache {

// The length of `bytes` bytes in base64.
constexpr size_t Base64Length(size_t bytes) noexcept {
  return (bytes + 2) / 3 * 4;
}

// Throws std::bad_alloc.
void AppendBase64(std::string_view bytes, std::string& out);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_BASE64_H_
