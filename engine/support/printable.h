// Text from outside, such as paths, keys and the words of a server, in messages
// for people: it must not control a terminal, reorder other text, or look like
// another line of a log.

#ifndef APPCACHE_ENGINE_SUPPORT_PRINTABLE_H_
#define APPCACHE_ENGINE_SUPPORT_PRINTABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace appcache::internal {

// The length of the UTF-8 character at the start of `bytes`; 0 when there is
// no well-formed one (no overlong forms, no surrogates). REQUIRES:
// !bytes.empty().
size_t CharacterLength(std::string_view bytes) noexcept;

// The code point of a well-formed UTF-8 character.
char32_t CodePoint(std::string_view character) noexcept;

// Appends the last `digits` hexadecimal digits of `value`.
void AppendHex(std::string& text, uint32_t value, int digits);

// Appends a UTF-8 character, or a byte that is none, as \n, \t, \r, \\, \xNN,
// \uNNNN or \UNNNNNNNN.
void AppendEscaped(std::string& text, std::string_view character);

// True if Printable(text) is `text`.
bool IsPrintable(std::string_view text) noexcept;

// `text` with invisible characters (unicode.h) and bytes that are not UTF-8
// escaped; backslashes stay, so this may be applied again.
std::string Printable(std::string_view text);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_PRINTABLE_H_
