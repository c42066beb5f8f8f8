#include "adapters/memcache/base64.h"

#include <cstdint>

namespace appcache::memcache {

void AppendBase64(std::string_view bytes, std::string& out) {
  constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) {
      const unsigned char byte = i < group.size() ? group[i] : '\0';
      bits = bits << 8 | byte;
    }
    for (size_t i = 0; i < 4; ++i) {
      out += i <= group.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
  }
}

}  // namespace appcache::memcache
