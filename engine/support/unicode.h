// Properties of Unicode characters that matter on a terminal.

#ifndef APPCACHE_ENGINE_SUPPORT_UNICODE_H_
#define APPCACHE_ENGINE_SUPPORT_UNICODE_H_

#include <cstddef>

namespace appcache::internal {

// True for characters that a terminal acts on, or that a reader cannot see:
// control characters, characters that change the direction of text, zero-width
// spaces and joiners, variation selectors. Combining marks are visible.
bool IsInvisible(char32_t character) noexcept;

// The columns that a visible character takes: 0 for a combining mark, 2 for a
// wide character, otherwise 1.
size_t WidthOf(char32_t character) noexcept;

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_UNICODE_H_
