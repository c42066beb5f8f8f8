#include "tools/command/text.h"

#include <cassert>
#include <cstdint>

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

// C0, DEL, and C1 (U+0080 to U+009F), which some terminals interpret.
bool IsControl(std::string_view character) {
  const uint8_t lead = Byte(character[0]);
  return lead < 0x20 || lead == 0x7F ||
         (lead == 0xC2 && Byte(character[1]) < 0xA0);
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
      text += kHex[Byte(c) >> 4];
      text += kHex[Byte(c) & 15];
  }
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
  std::string text;
  while (!bytes.empty()) {
    const size_t length = CharacterLength(bytes);
    const std::string_view part = bytes.substr(0, length == 0 ? 1 : length);
    if (length == 0 || IsControl(part) || part == "\\") {
      for (const char c : part) AppendEscaped(text, c);
    } else {
      text.append(part);
    }
    bytes.remove_prefix(part.size());
  }
  return text;
}

std::string Quoted(std::string_view bytes) {
  return "\"" + Escape(bytes) + "\"";
}

size_t CharacterCount(std::string_view utf8) {
  size_t count = 0;
  for (const char c : utf8) count += IsContinuation(c) ? 0 : 1;
  return count;
}

std::string Shorten(std::string_view utf8, size_t width) {
  if (CharacterCount(utf8) <= width) return std::string(utf8);
  if (width == 0) return std::string();
  size_t end = 0;
  for (size_t kept = 0; end < utf8.size(); ++end) {
    if (!IsContinuation(utf8[end]) && ++kept == width) break;
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
