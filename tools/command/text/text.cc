#include "tools/command/text/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/support/printable.h"
#include "engine/support/unicode.h"

namespace appcache::command {
namespace {

using internal::AppendEscaped;
using internal::AppendHex;
using internal::CharacterLength;
using internal::CodePoint;

constexpr std::string_view kEllipsis = "\u2026";

constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

uint8_t Byte(char c) { return static_cast<uint8_t>(c); }

// As a UTF-16 code unit, or two.
void AppendJsonEscaped(std::string& text, std::string_view character) {
  char32_t value = CodePoint(character);
  if (value > 0xFFFF) {
    value -= 0x10000;
    text += "\\u";
    AppendHex(text, 0xD800 | value >> 10, 4);
    value = 0xDC00 | (value & 0x3FF);
  }
  text += "\\u";
  AppendHex(text, value, 4);
}

// Calls `escape` for each character that is in `also` or invisible and not in
// `kept`. Bytes that are not UTF-8 are always escaped as such.
template <class AppendTo>
std::string Replace(std::string_view bytes, std::string_view also,
                    std::string_view kept, AppendTo escape) {
  std::string text;
  while (!bytes.empty()) {
    const size_t length = CharacterLength(bytes);
    const std::string_view part = bytes.substr(0, length == 0 ? 1 : length);
    if (length == 0) {
      AppendEscaped(text, part);
    } else if (also.find(part) != std::string_view::npos ||
               (internal::IsInvisible(CodePoint(part)) &&
                kept.find(part) == std::string_view::npos)) {
      escape(text, part);
    } else {
      text.append(part);
    }
    bytes.remove_prefix(part.size());
  }
  return text;
}

std::string ReplaceVisibly(std::string_view bytes, std::string_view also,
                           std::string_view kept) {
  return Replace(bytes, also, kept,
                 [](std::string& text, std::string_view character) {
                   AppendEscaped(text, character);
                 });
}

}  // namespace

bool IsUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = CharacterLength(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string Escape(std::string_view bytes) {
  return ReplaceVisibly(bytes, "\\", "");
}

std::string Printable(std::string_view text) {
  return internal::Printable(text);
}

std::string PrintableLines(std::string_view text) {
  return ReplaceVisibly(text, "", "\n");
}

std::string PrintableJson(std::string_view json) {
  // The only invisible character outside strings is a line break.
  return Replace(json, "", "\n", AppendJsonEscaped);
}

std::string WithoutSecrets(std::string_view word) {
  // The password may contain any character, so nothing after it is shown.
  size_t shown = word.find("://");
  if (shown != std::string_view::npos) {
    shown += 3;
  } else if (shown = word.find(':');
             shown != std::string_view::npos &&
             word.find('@', shown) != std::string_view::npos) {
    shown += 1;
  } else {
    return Escape(word);
  }
  return Escape(word.substr(0, shown)) + "...";
}

std::string Quoted(std::string_view bytes) {
  return "\"" + WithoutSecrets(bytes) + "\"";
}

std::string HideCredentials(std::string_view message) {
  constexpr std::string_view kMark = "://";
  // Of the forms that messages show.
  constexpr std::string_view kPlaceholder = "USER:PASSWORD@";
  std::string text;
  for (;;) {
    const size_t mark = message.find(kMark);
    if (mark == std::string_view::npos) return text.append(message);
    text.append(message.substr(0, mark + kMark.size()));
    message.remove_prefix(mark + kMark.size());
    const std::string_view uri =
        message.substr(0, message.find_first_of(" \t\n\""));
    const size_t at = uri.rfind('@');
    if (at == std::string_view::npos || uri.starts_with(kPlaceholder)) continue;
    text.append("...");
    message.remove_prefix(at);
  }
}

size_t DisplayWidth(std::string_view utf8) {
  size_t width = 0;
  while (!utf8.empty()) {
    const size_t length = CharacterLength(utf8);
    width +=
        length == 0 ? 1 : internal::WidthOf(CodePoint(utf8.substr(0, length)));
    utf8.remove_prefix(length == 0 ? 1 : length);
  }
  return width;
}

std::string Shorten(std::string_view utf8, size_t width) {
  if (DisplayWidth(utf8) <= width) return std::string(utf8);
  if (width == 0) return std::string();
  // One column is for the ellipsis. Combining marks stay with their character.
  size_t end = 0;
  size_t used = 0;
  while (end < utf8.size()) {
    const size_t length =
        std::max<size_t>(CharacterLength(utf8.substr(end)), 1);
    used += DisplayWidth(utf8.substr(end, length));
    if (used >= width) break;
    end += length;
  }
  return std::string(utf8.substr(0, end)).append(kEllipsis);
}

std::string Base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    uint32_t group = uint32_t{Byte(bytes[i])} << 16;
    if (left > 1) group |= uint32_t{Byte(bytes[i + 1])} << 8;
    if (left > 2) group |= Byte(bytes[i + 2]);
    text += kBase64Digits[group >> 18];
    text += kBase64Digits[group >> 12 & 63];
    text += left > 1 ? kBase64Digits[group >> 6 & 63] : '=';
    text += left > 2 ? kBase64Digits[group & 63] : '=';
  }
  return text;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::array<uint8_t, 256> values;
  values.fill(64);
  for (size_t i = 0; i < kBase64Digits.size(); ++i) {
    values[Byte(kBase64Digits[i])] = static_cast<uint8_t>(i);
  }
  size_t padding = 0;
  while (padding < 2 && text.size() > padding &&
         text[text.size() - 1 - padding] == '=') {
    ++padding;
  }
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (size_t i = 0; i < text.size(); i += 4) {
    const size_t digits = i + 4 < text.size() ? 4 : 4 - padding;
    uint32_t group = 0;
    for (size_t j = 0; j < 4; ++j) {
      const uint8_t value = j < digits ? values[Byte(text[i + j])] : 0;
      if (value > 63) return std::nullopt;
      group = group << 6 | value;
    }
    bytes += static_cast<char>(group >> 16);
    if (digits > 2) bytes += static_cast<char>(group >> 8 & 0xFF);
    if (digits > 3) bytes += static_cast<char>(group & 0xFF);
    // The bits of the last digit that stand for no byte are zero.
    if (digits == 2 && (group & 0xFFFF) != 0) return std::nullopt;
    if (digits == 3 && (group & 0xFF) != 0) return std::nullopt;
  }
  return bytes;
}

}  // namespace appcache::command
