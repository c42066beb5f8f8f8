// Draws text in place on the terminal of standard output.

#ifndef APPCACHE_TOOLS_COMMAND_IO_SCREEN_H_
#define APPCACHE_TOOLS_COMMAND_IO_SCREEN_H_

#include <termios.h>
#include <unistd.h>

#include <cstddef>
#include <optional>
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

// The terminal of standard output while text is drawn on it in place: without
// a cursor, and without wrapping lines, so that a character that is wider than
// expected does not make it scroll. If standard input is a terminal too, and
// this process is in its foreground, keys are read without an echo and without
// waiting for a newline.
class LiveScreen {
 public:
  LiveScreen() { Enter(); }
  // Restores the terminal.
  ~LiveScreen() { Leave(); }
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  // Prepares the terminal, and restores it: also while the process is stopped.
  void Enter() noexcept;
  void Leave() noexcept;

  // Readable when a key was typed; -1: no keys are read.
  int keyboard() const noexcept { return keys_ ? STDIN_FILENO : -1; }
  // Reads the keys that were typed. True if one of them is q.
  bool TakeQuit() noexcept;

 private:
  std::optional<termios> keys_;  // how standard input was before
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_SCREEN_H_
