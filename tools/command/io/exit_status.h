// The exit statuses of the command. exec is the exception: it exits with the
// status of the command that it ran or replayed.

#ifndef APPCACHE_TOOLS_COMMAND_IO_EXIT_STATUS_H_
#define APPCACHE_TOOLS_COMMAND_IO_EXIT_STATUS_H_

#include <signal.h>

#include <cerrno>

namespace appcache::command {

inline constexpr int kDone = 0;     // done, or a hit
inline constexpr int kMiss = 1;     // no such entry
inline constexpr int kUsage = 2;    // an error in the command line
inline constexpr int kFailure = 3;  // the cache, a file or the machine failed

// The status of exec when output of a successful command was lost because of
// `error`: that of most commands that cannot write their output, or of a shell
// for a command that SIGPIPE killed.
inline int LostOutputStatus(int error) {
  return error == EPIPE ? 128 + SIGPIPE : 1;
}

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_EXIT_STATUS_H_
