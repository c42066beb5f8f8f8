// Makes keys and items of any bytes. A key must be one that the protocol
// allows, an item must contain the value that was put into it, and an item of
// another path must not be accepted.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "adapters/memcache/item.h"
#include "adapters/memcache/wire_key.h"

namespace appcache::memcache {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckKey(const WireKey& key) {
  Require(!key.view().empty() && key.view().size() <= kMaxKeyBytes);
  for (const unsigned char byte : key.view()) {
    Require(byte > 0x20 && byte != 0x7f);
  }
  // Only hashed keys start with the marker; other keys equal their paths.
  Require(key.is_hashed() == key.view().starts_with(kHashMarker));
  Require(key.is_hashed() || key.view() == key.path());
}

void CheckRoundTrip(const WireKey& key, std::string_view value) {
  const std::string stored = HeaderOf(key) + std::string(value);
  std::string_view found;
  Require(ValueIn(stored, key, found) == Stored::kValue);
  Require(found == value);
  Require(ItemBytes(key, value.size()) >= key.view().size() + stored.size());
}

// What is sent must be decoded to the path by any other client.
void CheckBase64(const WireKey& key) {
  if (!key.FitsBase64()) return;
  const WireKey in_base64 = key.InBase64();
  std::string sent;
  in_base64.AppendTo(sent);
  Require(IsValidKey(sent) && sent.size() % 4 == 0);
  Require(in_base64.view() == key.path());
  Require(HeaderOf(in_base64).empty());
}

// `stored` may have been written by any other client.
void CheckForeign(const WireKey& key, std::string_view stored) {
  std::string_view found;
  if (ValueIn(stored, key, found) != Stored::kValue) return;
  // It is accepted only if this path's own item has the same bytes.
  Require(HeaderOf(key) + std::string(found) == stored);
}

}  // namespace
}  // namespace appcache::memcache

// The first byte is the length of the path.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using appcache::memcache::WireKey;
  std::string_view all(reinterpret_cast<const char*>(data), size);
  if (all.empty()) return 0;
  const size_t length = data[0];
  all.remove_prefix(1);
  const std::string_view path = all.substr(0, length);
  const std::string_view rest = all.substr(path.size());
  for (const std::string_view name : {path, all}) {
    const WireKey key(name);
    appcache::memcache::CheckKey(key);
    appcache::memcache::CheckBase64(key);
    appcache::memcache::CheckRoundTrip(key, rest);
    appcache::memcache::CheckForeign(key, rest);
  }
  const WireKey key(path);
  const std::string own = appcache::memcache::HeaderOf(key) + std::string(rest);
  if (key.is_hashed() && path != all) {
    std::string_view found;
    const auto other = appcache::memcache::ValueIn(own, WireKey(all), found);
    appcache::memcache::Require(!WireKey(all).is_hashed() ||
                                other != appcache::memcache::Stored::kValue);
  }
  return 0;
}
