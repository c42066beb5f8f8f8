// UTF-8 as Python's "surrogatepass" has it: a str may have lone surrogates,
// which are encoded as other code points are. Overlong forms, and code points
// above U+10FFFF, are not UTF-8.

#ifndef APPCACHE_ENGINE_CODEC_UTF8_H_
#define APPCACHE_ENGINE_CODEC_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace appcache::internal {

inline constexpr uint32_t kMaxCodePoint = 0x10ffff;

// Removes the first code point from `text`. None, and `text` is unchanged, if
// it does not begin with one.
inline std::optional<uint32_t> TakeCodePoint(std::string_view& text) noexcept {
  if (text.empty()) return std::nullopt;
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  uint32_t point = byte(0);
  size_t size = 1;
  uint32_t least = 0;
  if (point >= 0xf0 && point <= 0xf4) {
    point &= 0x07, size = 4, least = 0x10000;
  } else if (point >= 0xe0 && point <= 0xef) {
    point &= 0x0f, size = 3, least = 0x800;
  } else if (point >= 0xc2 && point <= 0xdf) {
    point &= 0x1f, size = 2, least = 0x80;
  } else if (point >= 0x80) {
    return std::nullopt;
  }
  if (size > text.size()) return std::nullopt;
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return std::nullopt;
    point = point << 6 | (byte(i) & 0x3f);
  }
  if (point < least || point > kMaxCodePoint) return std::nullopt;
  text.remove_prefix(size);
  return point;
}

inline bool IsUtf8(std::string_view text) noexcept {
  while (!text.empty()) {
    if (!TakeCodePoint(text)) return false;
  }
  return true;
}

// REQUIRES: point <= kMaxCodePoint.
inline void AppendCodePoint(uint32_t point, std::string& text) {
  const auto append = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    append(point);
  } else if (point < 0x800) {
    append(0xc0 | point >> 6);
    append(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    append(0xe0 | point >> 12);
    append(0x80 | (point >> 6 & 0x3f));
    append(0x80 | (point & 0x3f));
  } else {
    append(0xf0 | point >> 18);
    append(0x80 | (point >> 12 & 0x3f));
    append(0x80 | (point >> 6 & 0x3f));
    append(0x80 | (point & 0x3f));
  }
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_CODEC_UTF8_H_
