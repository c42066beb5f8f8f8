#include "tools/command/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <string_view>

#include "tools/command/text.h"

namespace appcache::command {
namespace {

// Cursor to the top left, and at the end clear what is left of the last
// picture.
constexpr const char* kHome = "\x1b[H";
constexpr const char* kClearLine = "\x1b[K";
constexpr const char* kClearBelow = "\x1b[J";

}  // namespace

ScreenSize SizeOfScreen() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
      size.ws_row == 0) {
    return {.rows = 24, .columns = 80};
  }
  return {.rows = size.ws_row, .columns = size.ws_col};
}

std::string OverScreen(const std::string& text, ScreenSize size) {
  std::string screen(kHome);
  size_t begin = 0;
  for (size_t row = 1; row < size.rows && begin < text.size(); ++row) {
    const size_t end = text.find('\n', begin);
    const std::string_view line(text.data() + begin, end - begin);
    screen.append(Shorten(line, size.columns)).append(kClearLine).append("\n");
    begin = end + 1;
  }
  return screen.append(kClearBelow);
}

}  // namespace appcache::command
