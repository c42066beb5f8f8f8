// Background: turns this process into one that goes on after its caller.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_BACKGROUND_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_BACKGROUND_H_

#include <chrono>

namespace appcache::command {

// Detaches this process from its caller and from the terminal: it gets a
// session of its own, does not end with its parent, and closes the descriptors
// above 2 that it was started with. Otherwise a caller that waits for the end
// of a pipe would wait for this process. Those that this program has opened
// are close-on-exec, and stay open. REQUIRES: this process was forked after its
// start, so that it leads no process group.
//
// `descriptors` lists the open descriptors of this process. If it cannot be
// read, because /proc is not mounted, Detach tries all numbers.
void Detach(const char* descriptors = "/proc/self/fd");

// While it exists, SIGALRM ends this process after `time`, for calls that may
// hang where no other process watches. REQUIRES: no other use of SIGALRM.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds time);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_BACKGROUND_H_
