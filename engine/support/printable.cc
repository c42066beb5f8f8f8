#include "engine/support/printable.h"

#include <cassert>

#include "engine/support/unicode.h"

namespace appcache::internal {
namespace {

constexpr char kHex[] = "0123456789abcdef";

uint8_t Byte(char c) noexcept { return static_cast<uint8_t>(c); }
bool IsContinuation(char c) noexcept { return (Byte(c) & 0xC0) == 0x80; }

// The first character of `text`, or its first byte where there is none.
struct FirstOf {
  explicit FirstOf(std::string_view text) noexcept
      : length(CharacterLength(text)),
        part(text.substr(0, length == 0 ? 1 : length)) {}

  bool is_printable() const noexcept {
    return length > 0 && !IsInvisible(CodePoint(part));
  }

  size_t length;
  std::string_view part;
};

}  // namespace

size_t CharacterLength(std::string_view bytes) noexcept {
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

char32_t CodePoint(std::string_view character) noexcept {
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

void AppendEscaped(std::string& text, std::string_view character) {
  if (character.size() > 1) {
    const char32_t value = CodePoint(character);
    text += value > 0xFFFF ? "\\U" : "\\u";
    return AppendHex(text, value, value > 0xFFFF ? 8 : 4);
  }
  switch (character[0]) {
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
      AppendHex(text, Byte(character[0]), 2);
  }
}

bool IsPrintable(std::string_view text) noexcept {
  while (!text.empty()) {
    const FirstOf first(text);
    if (!first.is_printable()) return false;
    text.remove_prefix(first.part.size());
  }
  return true;
}

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const FirstOf first(text);
    if (first.is_printable()) {
      printable.append(first.part);
    } else {
      AppendEscaped(printable, first.part);
    }
    text.remove_prefix(first.part.size());
  }
  return printable;
}

}  // namespace appcache::internal
