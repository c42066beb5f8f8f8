// WireKey: a key path as a Memcached key.
//
// A Memcached key has 1 to 250 bytes. Which form a path takes depends on its
// bytes and on the server:
//
// - kText: the path is the key. In the text protocol a key contains neither
//   blanks nor control characters (protocol.txt); the server accepts bytes from
//   0x80 on.
// - kBase64: the path is the key too, and contains other bytes. It is sent in
//   base64 with the flag b of the meta commands, which have the same limit for
//   what is sent, so that the path has at most 186 bytes. Other programs, such
//   as pylibmc with the binary protocol, know the item by the path.
// - kHash: any other path, and every path that needs base64 when the server
//   does not know it. The key is a marker and the path's 128-bit hash, and the
//   item contains the path (item.h). A path that starts with the marker is
//   hashed too, so that no path can be mistaken for the hash of another.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_
#define APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace appcache::memcache {

// memcached's KEY_MAX_LENGTH.
inline constexpr size_t kMaxKeyBytes = 250;
// The most bytes that take at most kMaxKeyBytes in base64.
inline constexpr size_t kMaxBase64PathBytes = kMaxKeyBytes / 4 * 3;

// The start of every hashed key. It contains the version of the item format, so
// that different versions never share a key.
inline constexpr std::string_view kHashMarker = "appcache-hash:1:";

// Whether the server accepts `key` in the text protocol.
bool IsValidKey(std::string_view key) noexcept;

// Whether a server of this version, such as "1.6.18", knows keys in base64 if
// it knows the meta commands. Proxies have versions of their own.
bool HasBase64Keys(std::string_view version) noexcept;

// May be copied.
class WireKey {
 public:
  enum class Form : uint8_t { kText, kBase64, kHash };

  // A key in the text protocol: kText or kHash. `path` must outlive this object
  // and its copies.
  explicit WireKey(std::string_view path) noexcept;

  // Whether the path is hashed here only because the text protocol does not
  // carry its bytes: then InBase64() is its key on a server that knows base64.
  bool FitsBase64() const noexcept;
  // REQUIRES: FitsBase64().
  WireKey InBase64() const noexcept;

  std::string_view path() const noexcept { return path_; }
  Form form() const noexcept { return form_; }
  bool is_hashed() const noexcept { return form_ == Form::kHash; }
  bool is_base64() const noexcept { return form_ == Form::kBase64; }

  // The key of the item, by which clients choose the server. Valid as long as
  // this object. It must not be sent as it is: see AppendTo.
  std::string_view view() const noexcept {
    return is_hashed() ? std::string_view(hashed_.data(), hashed_.size())
                       : path_;
  }

  // Appends the key as it is sent: 1 to 250 bytes, none of which is a blank or
  // a control character. Throws std::bad_alloc.
  void AppendTo(std::string& out) const;

  // 16 hexadecimal digits of the path's hash, which the server repeats in its
  // reply to a command with a base64 key. (It does not repeat such a key in
  // base64 if a client without base64 has stored the item: its bytes, which may
  // be CR LF, would be in the line of the reply.)
  std::string Token() const;

 private:
  static constexpr size_t kHashDigits = 32;

  std::string_view path_;
  Form form_;
  // Uninitialised unless is_hashed().
  std::array<char, kHashMarker.size() + kHashDigits> hashed_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_WIRE_KEY_H_
