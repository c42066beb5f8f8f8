// The exit statuses of the command. exec is the exception: it exits with the
// status of the command that it ran or replayed.

#ifndef APPCACHE_TOOLS_COMMAND_EXIT_STATUS_H_
#define APPCACHE_TOOLS_COMMAND_EXIT_STATUS_H_

namespace appcache::command {

inline constexpr int kDone = 0;     // done, or a hit
inline constexpr int kMiss = 1;     // no such entry
inline constexpr int kUsage = 2;    // an error in the command line
inline constexpr int kFailure = 3;  // the cache, a file or the machine failed

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXIT_STATUS_H_
