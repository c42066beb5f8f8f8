// Text for people and for JSON, of bytes that may be anything.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace appcache::command {

// Well-formed UTF-8: no overlong forms, no surrogates.
bool IsUtf8(std::string_view bytes);

// `bytes` with control characters, backslashes and whatever is not UTF-8
// written as \n, \t, \r, \\ or \xNN: one line that cannot move a terminal's
// cursor.
std::string Escape(std::string_view bytes);

// How many characters of UTF-8 there are: close enough to columns for a table.
size_t CharacterCount(std::string_view utf8);

// At most `width` characters; the last one is an ellipsis if some are missing.
std::string Shorten(std::string_view utf8, size_t width);

// RFC 4648, with padding.
std::string Base64(std::string_view bytes);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_H_
