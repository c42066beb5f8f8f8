#include "tools/command/text.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "tools/command/unicode.h"

namespace appcache::command {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr std::string_view kEllipsis = "\u2026";

uint8_t Byte(char c) { return static_cast<uint8_t>(c); }
bool IsContinuation(char c) { return (Byte(c) & 0xC0) == 0x80; }

// The length of the UTF-8 character at the start of `bytes`; 0 when there is
// no valid one. REQUIRES: !bytes.empty().
size_t CharacterLength(std::string_view bytes) {
  assert(!bytes.empty());
  const uint8_t lead = Byte(bytes[0]);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || bytes.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(bytes[i])) return 0;
  }
  const uint8_t second = Byte(bytes[1]);
  const bool overlong =
      (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second > 0x9F;
  const bool too_large = lead == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

// The code point of a valid UTF-8 character.
char32_t CodePoint(std::string_view character) {
  const uint8_t lead = Byte(character[0]);
  if (character.size() == 1) return lead;
  char32_t value = lead & (0x7F >> character.size());
  for (const char c : character.substr(1)) {
    value = value << 6 | (Byte(c) & 0x3F);
  }
  return value;
}

void AppendHex(std::string& text, uint32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    text += kHex[value >> shift & 15];
  }
}

void AppendEscaped(std::string& text, char c) {
  switch (c) {
    case '\n':
      text += "\\n";
      break;
    case '\t':
      text += "\\t";
      break;
    case '\r':
      text += "\\r";
      break;
    case '\\':
      text += "\\\\";
      break;
    default:
      text += "\\x";
      AppendHex(text, Byte(c), 2);
  }
}

// An invisible character.
void AppendEscaped(std::string& text, std::string_view character) {
  if (character.size() == 1) return AppendEscaped(text, character[0]);
  const char32_t value = CodePoint(character);
  text += value > 0xFFFF ? "\\U" : "\\u";
  AppendHex(text, value, value > 0xFFFF ? 8 : 4);
}

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
      AppendEscaped(text, part[0]);
    } else if (also.find(part) != std::string_view::npos ||
               (IsInvisible(CodePoint(part)) &&
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
  return ReplaceVisibly(text, "", "");
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
    width += length == 0 ? 1 : WidthOf(CodePoint(utf8.substr(0, length)));
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
  constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    uint32_t group = uint32_t{Byte(bytes[i])} << 16;
    if (left > 1) group |= uint32_t{Byte(bytes[i + 1])} << 8;
    if (left > 2) group |= Byte(bytes[i + 2]);
    text += kDigits[group >> 18];
    text += kDigits[group >> 12 & 63];
    text += left > 1 ? kDigits[group >> 6 & 63] : '=';
    text += left > 2 ? kDigits[group & 63] : '=';
  }
  return text;
}

}  // namespace appcache::command
