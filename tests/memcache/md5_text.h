// Md5Text: an MD5 digest in hexadecimal, as RFC 1321 and md5sum print it.

#ifndef APPCACHE_TESTS_MEMCACHE_MD5_TEXT_H_
#define APPCACHE_TESTS_MEMCACHE_MD5_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/memcache/md5.h"

namespace appcache::memcache {

inline std::string Md5Text(std::string_view message) {
  std::string text;
  for (const uint32_t word : Md5(message)) {
    for (int shift = 0; shift < 32; shift += 8) {
      text += "0123456789abcdef"[word >> (shift + 4) & 15];
      text += "0123456789abcdef"[word >> shift & 15];
    }
  }
  return text;
}

}  // namespace appcache::memcache

#endif  // APPCACHE_TESTS_MEMCACHE_MD5_TEXT_H_
