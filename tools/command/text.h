// Text for people and for JSON, from bytes of any kind.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace appcache::command {

// Well-formed UTF-8: no overlong forms, no surrogates.
bool IsUtf8(std::string_view bytes);

// `bytes` with control characters, backslashes and bytes that are not UTF-8
// written as \n, \t, \r, \\ or \xNN. The result is one line and cannot move a
// terminal's cursor.
std::string Escape(std::string_view bytes);

// Escape(bytes) in double quotes, for messages.
std::string Quoted(std::string_view bytes);

// The number of UTF-8 characters: close enough to columns for a table.
size_t CharacterCount(std::string_view utf8);

// At most `width` characters. If some are cut off, the last one is an ellipsis.
std::string Shorten(std::string_view utf8, size_t width);

// RFC 4648, with padding.
std::string Base64(std::string_view bytes);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_H_
