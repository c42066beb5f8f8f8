// WireKey: a key path as Memcached takes it.
//
// Memcached's keys have 1 to 250 bytes, none of them a blank or a control
// character (protocol.txt). A path that is such a key goes as it is, so that
// other programs find it: bytes from 0x80 on too, which the server takes as
// they come. Any other path (empty, longer, with a blank, a line's end) goes
// under a marker and its 128-bit hash, and the item says which path it is of
// (item.h). A path that begins with the marker is one of those others, so that
// no path is taken for the hash of another.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_
#define APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_

#include <array>
#include <cstddef>
#include <string_view>

namespace appcache::memcache {

// memcached's KEY_MAX_LENGTH.
inline constexpr size_t kMaxKeyBytes = 250;

// With the version of what is behind it: other versions never meet.
inline constexpr std::string_view kHashMarker = "appcache-hash:1:";

// `path` must outlive it.
class WireKey {
 public:
  explicit WireKey(std::string_view path) noexcept;

  std::string_view path() const noexcept { return path_; }
  bool is_hashed() const noexcept { return is_hashed_; }

  // What is sent. Valid as long as this object.
  std::string_view view() const noexcept {
    return is_hashed_ ? std::string_view(hashed_.data(), hashed_.size())
                      : path_;
  }

 private:
  static constexpr size_t kHashDigits = 32;

  std::string_view path_;
  bool is_hashed_;
  std::array<char, kHashMarker.size() + kHashDigits> hashed_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_
