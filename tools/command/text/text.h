// Text for people and for JSON, from bytes of any kind.

#ifndef APPCACHE_TOOLS_COMMAND_TEXT_TEXT_H_
#define APPCACHE_TOOLS_COMMAND_TEXT_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace appcache::command {

// Well-formed UTF-8: no overlong forms, no surrogates.
bool IsUtf8(std::string_view bytes);

// `bytes` with invisible characters (engine/support/unicode.h), backslashes and
// bytes that are not UTF-8 written as \n, \t, \r, \\, \xNN, \uNNNN or
// \UNNNNNNNN. The result is one line, and cannot move a terminal's cursor or
// reorder other text.
std::string Escape(std::string_view bytes);

// Escape without the backslashes, for text with parts that are escaped already.
std::string Printable(std::string_view text);
// The same, for text of several lines.
std::string PrintableLines(std::string_view text);

// JSON text with invisible characters written as the \uNNNN of JSON strings.
std::string PrintableJson(std::string_view json);

// Escape(bytes) in double quotes, for messages. Text that may be a URI with a
// password is shown up to its scheme: "redis://...".
std::string Quoted(std::string_view bytes);
// The same without quotes.
std::string WithoutSecrets(std::string_view word);

// `message` without the user and the password of the URIs in it. A message
// should not contain a URI; this is for errors of libraries.
std::string HideCredentials(std::string_view message);

// The columns of a terminal that the text takes. REQUIRES: no character of it
// is invisible (see Escape).
size_t DisplayWidth(std::string_view utf8);

// At most `width` columns. If some text is cut off, its end is an ellipsis.
std::string Shorten(std::string_view utf8, size_t width);

// RFC 4648, with padding.
std::string Base64(std::string_view bytes);
// None if `text` is not what Base64 returns for some bytes.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TEXT_TEXT_H_
