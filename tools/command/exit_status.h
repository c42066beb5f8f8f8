// What the command's exit status says. exec is the exception: it ends as the
// command that it ran or replayed.

#ifndef APPCACHE_TOOLS_COMMAND_EXIT_STATUS_H_
#define APPCACHE_TOOLS_COMMAND_EXIT_STATUS_H_

namespace appcache::command {

inline constexpr int kDone = 0;     // done, or a hit
inline constexpr int kMiss = 1;     // no such entry
inline constexpr int kUsage = 2;    // the command line is wrong
inline constexpr int kFailure = 3;  // the cache, a file or the machine failed

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXIT_STATUS_H_
