// Progress: a progress bar on standard error; and ElapsedTime, for an operation
// that does not report its progress.

#ifndef APPCACHE_TOOLS_COMMAND_IO_PROGRESS_H_
#define APPCACHE_TOOLS_COMMAND_IO_PROGRESS_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

#include "engine/support/mutex.h"

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
  void Update(uint64_t done) {
    UpdateBy([done] { return done; });
  }
  // The same with `done()`, which is called only when the bar is drawn.
  template <class Done>
  void UpdateBy(const Done& done) {
    if (IsDue()) Draw(done());
  }

 private:
  bool IsDue();
  void Draw(uint64_t done);

  const std::string label_;
  const uint64_t total_;
  const bool is_shown_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_draw_;
};

// While it exists, shows "check 12 s" on standard error, if that is a terminal.
class ElapsedTime {
 public:
  explicit ElapsedTime(std::string label);
  ~ElapsedTime();
  ElapsedTime(const ElapsedTime&) = delete;
  ElapsedTime& operator=(const ElapsedTime&) = delete;

 private:
  void Run() APPCACHE_EXCLUDES(mutex_);

  const std::string label_;
  internal::Mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ APPCACHE_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_PROGRESS_H_
