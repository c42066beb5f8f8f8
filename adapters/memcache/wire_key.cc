#include "adapters/memcache/wire_key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstdint>

namespace appcache::memcache {
namespace {

char* AppendHex(uint64_t number, char* to) noexcept {
  for (int shift = 60; shift >= 0; shift -= 4) {
    *to++ = "0123456789abcdef"[number >> shift & 15];
  }
  return to;
}

}  // namespace

bool IsValidKey(std::string_view key) noexcept {
  return !key.empty() && key.size() <= kMaxKeyBytes &&
         std::ranges::all_of(key, [](unsigned char byte) {
           return byte > 0x20 && byte != 0x7f;
         });
}

WireKey::WireKey(std::string_view path) noexcept
    : path_(path),
      is_hashed_(!IsValidKey(path) || path.starts_with(kHashMarker)) {
  if (!is_hashed_) return;
  const XXH128_hash_t hash = XXH3_128bits(path.data(), path.size());
  char* const digits = std::ranges::copy(kHashMarker, hashed_.begin()).out;
  AppendHex(hash.low64, AppendHex(hash.high64, digits));
  assert(IsValidKey(view()));
}

}  // namespace appcache::memcache
