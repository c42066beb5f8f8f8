// WireKey: a key path as a Memcached key.
//
// A Memcached key has 1 to 250 bytes, none of them a blank or a control
// character (protocol.txt). A path that meets this is the key itself, so that
// other programs find it; the server accepts bytes from 0x80 on. The key of any
// other path is a marker and the path's 128-bit hash, and the item contains the
// path (item.h). A path that starts with the marker is hashed too, so that no
// path can be mistaken for the hash of another.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_
#define APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_

#include <array>
#include <cstddef>
#include <string_view>

namespace appcache::memcache {

// memcached's KEY_MAX_LENGTH.
inline constexpr size_t kMaxKeyBytes = 250;

// The start of every hashed key. It contains the version of the item format, so
// that different versions never share a key.
inline constexpr std::string_view kHashMarker = "appcache-hash:1:";

// Whether the server accepts `key`.
bool IsValidKey(std::string_view key) noexcept;

// May be copied.
class WireKey {
 public:
  // `path` must outlive this object and its copies.
  explicit WireKey(std::string_view path) noexcept;

  std::string_view path() const noexcept { return path_; }
  bool is_hashed() const noexcept { return is_hashed_; }

  // The key that is sent. Valid as long as this object.
  std::string_view view() const noexcept {
    return is_hashed_ ? std::string_view(hashed_.data(), hashed_.size())
                      : path_;
  }

 private:
  static constexpr size_t kHashDigits = 32;

  std::string_view path_;
  bool is_hashed_;
  // Uninitialised unless is_hashed_.
  std::array<char, kHashMarker.size() + kHashDigits> hashed_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_
