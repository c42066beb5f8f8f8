#include "adapters/memcache/wire_key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <system_error>

#include "adapters/memcache/base64.h"

namespace appcache::memcache {
namespace {

static_assert(Base64Length(kMaxBase64PathBytes) <= kMaxKeyBytes);
static_assert(Base64Length(kMaxBase64PathBytes + 1) > kMaxKeyBytes);

constexpr size_t kNumberDigits = 16;

// memcached 1.6.10 is the first with base64 keys.
constexpr int kFirstVersion[] = {1, 6, 10};

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

bool HasBase64Keys(std::string_view version) noexcept {
  const char* at = version.data();
  const char* const end = at + version.size();
  for (const int first : kFirstVersion) {
    int number = 0;
    const auto [parsed, error] = std::from_chars(at, end, number);
    if (error != std::errc() || number < first) return false;
    if (number > first) return true;
    at = parsed;
    if (at != end && *at == '.') ++at;
  }
  return true;
}

WireKey::WireKey(std::string_view path) noexcept
    : path_(path),
      form_(IsValidKey(path) && !path.starts_with(kHashMarker) ? Form::kText
                                                               : Form::kHash) {
  if (!is_hashed()) return;
  const XXH128_hash_t hash = XXH3_128bits(path.data(), path.size());
  char* const digits = std::ranges::copy(kHashMarker, hashed_.begin()).out;
  AppendHex(hash.low64, AppendHex(hash.high64, digits));
  assert(IsValidKey(view()));
}

bool WireKey::FitsBase64() const noexcept {
  return is_hashed() && !path_.empty() && path_.size() <= kMaxBase64PathBytes &&
         !IsValidKey(path_);
}

WireKey WireKey::InBase64() const noexcept {
  assert(FitsBase64());
  WireKey key = *this;
  key.form_ = Form::kBase64;
  return key;
}

void WireKey::AppendTo(std::string& out) const {
  if (is_base64()) {
    AppendBase64(path_, out);
  } else {
    out += view();
  }
}

std::string WireKey::Token() const {
  std::string token(kNumberDigits, '0');
  AppendHex(XXH3_64bits(path_.data(), path_.size()), token.data());
  return token;
}

}  // namespace appcache::memcache
