// The terminal that standard output is, and pictures drawn there in place.

#ifndef APPCACHE_TOOLS_COMMAND_SCREEN_H_
#define APPCACHE_TOOLS_COMMAND_SCREEN_H_

#include <cstddef>
#include <string>

namespace appcache::command {

struct ScreenSize {
  size_t rows = 0;
  size_t columns = 0;
};

// Of standard output; 24 rows of 80 if it is no terminal, or one that says
// nothing of itself.
ScreenSize SizeOfScreen();

// Moves to the top left of an empty screen.
inline constexpr const char* kClearScreen = "\x1b[H\x1b[2J";

// `text`, lines with a newline at the end of each, over what is on the screen:
// as many lines, and as much of each, as there is room for. The picture before
// is not cleared first, so that nothing flickers.
std::string OverScreen(const std::string& text, ScreenSize size);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_SCREEN_H_
