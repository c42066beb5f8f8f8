// Progress: a progress bar on standard error.

#ifndef APPCACHE_TOOLS_COMMAND_PROGRESS_H_
#define APPCACHE_TOOLS_COMMAND_PROGRESS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace appcache::command {

// "label [#####     ]  50%", with `bar_width` characters between the brackets.
// A total of 0 means unknown: "label 1234".
std::string ProgressLine(std::string_view label, uint64_t done, uint64_t total,
                         size_t bar_width);

class Progress {
 public:
  // Prints nothing unless standard error is a terminal.
  Progress(std::string label, uint64_t total);
  // Erases the bar, to make room for the result or the error.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap: draws at most ten times a second.
  void Update(uint64_t done);

 private:
  const std::string label_;
  const uint64_t total_;
  const bool is_shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_draw_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_PROGRESS_H_
