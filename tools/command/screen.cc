#include "tools/command/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cassert>
#include <string_view>

#include "tools/command/text.h"

namespace appcache::command {
namespace {

constexpr const char* kHome = "\x1b[H";            // to the top left
constexpr const char* kClearToLineEnd = "\x1b[K";  // erases longer old lines
constexpr const char* kClearBelow = "\x1b[J";      // erases further old lines

}  // namespace

ScreenSize SizeOfScreen() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
      size.ws_row == 0) {
    return {.rows = 24, .columns = 80};
  }
  return {.rows = size.ws_row, .columns = size.ws_col};
}

std::string DrawInPlace(const std::string& text, ScreenSize size) {
  assert(text.empty() || text.back() == '\n');
  std::string screen(kHome);
  size_t begin = 0;
  for (size_t row = 1; row < size.rows && begin < text.size(); ++row) {
    const size_t end = text.find('\n', begin);
    const std::string_view line(text.data() + begin, end - begin);
    screen.append(Shorten(line, size.columns))
        .append(kClearToLineEnd)
        .append("\n");
    begin = end + 1;
  }
  return screen.append(kClearBelow);
}

}  // namespace appcache::command
