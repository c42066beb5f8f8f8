// Draws text in place on the terminal of standard output.

#ifndef APPCACHE_TOOLS_COMMAND_SCREEN_H_
#define APPCACHE_TOOLS_COMMAND_SCREEN_H_

#include <cstddef>
#include <string>

namespace appcache::command {

struct ScreenSize {
  size_t rows = 0;
  size_t columns = 0;
};

// The size of the terminal of standard output; 24 rows of 80 columns when it is
// not a terminal or its size is unknown.
ScreenSize SizeOfScreen();

// The escape sequence that clears the screen and moves to its top left.
inline constexpr const char* kClearScreen = "\x1b[H\x1b[2J";

// The output that replaces the text on the screen by `text`, cut to `size`. The
// old text is overwritten, not cleared first, so that the screen does not
// flicker. REQUIRES: each line of `text` ends with a newline.
std::string DrawInPlace(const std::string& text, ScreenSize size);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_SCREEN_H_
