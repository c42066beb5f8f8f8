#include "tools/command/io/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <string_view>

#include "tools/command/io/fd.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

constexpr const char* kHome = "\x1b[H";            // to the top left
constexpr const char* kClearToLineEnd = "\x1b[K";  // erases longer old lines
constexpr const char* kClearBelow = "\x1b[J";      // erases further old lines
// The cursor, and lines that wrap: off and on.
constexpr const char* kEnter = "\x1b[?25l\x1b[?7l";
constexpr const char* kLeave = "\x1b[?7h\x1b[?25h";

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
    const std::string shown = Shorten(line, size.columns);
    screen.append(shown);
    // After a full line, it would erase the last character.
    if (DisplayWidth(shown) < size.columns) screen.append(kClearToLineEnd);
    screen.append("\n");
    begin = end + 1;
  }
  return screen.append(kClearBelow);
}

void LiveScreen::Enter() noexcept {
  termios keys;
  if (isatty(STDIN_FILENO) != 0 && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
      tcgetattr(STDIN_FILENO, &keys) == 0) {
    keys_ = keys;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &keys);
  }
  WriteAll(STDOUT_FILENO, kEnter);
}

void LiveScreen::Leave() noexcept {
  WriteAll(STDOUT_FILENO, kLeave);
  // Drops keys that were not read.
  if (keys_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &*keys_);
  keys_.reset();
}

bool LiveScreen::TakeQuit() noexcept {
  std::array<char, 64> keys;
  const ssize_t count = read(STDIN_FILENO, keys.data(), keys.size());
  // At the end of the input, nothing more can be typed.
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
    keys_.reset();
    return false;
  }
  const auto end = keys.begin() + std::max<ssize_t>(count, 0);
  return std::any_of(keys.begin(), end,
                     [](char key) { return key == 'q' || key == 'Q'; });
}

}  // namespace appcache::command
