// The process in which exec uses the cache. It can hang in a call, or be killed
// by a damaged LMDB file, without an effect on exec and its command. It also
// runs the command in the background, for --stale and --warm.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_CACHE_WORKER_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_CACHE_WORKER_H_

#include <string>
#include <string_view>

#include "tools/command/exec/exec.h"
#include "tools/command/exec/run_cache.h"
#include "tools/command/io/message_channel.h"
#include "tools/command/io/signal_blocker.h"

namespace appcache::command {

// The messages of the worker.
enum class WorkerMessage : char {
  kRefused = 'r',   // an error in the command line; the last message
  kUnusable = 'u',  // why the cache cannot be used; the last message
  kWarning = 'w',
  kWaiting = 'l',  // another process runs the command; waits for it
  // The last message of a lookup that needs no run: there is a record in the
  // shared file (kReplay), or the command is run in the background, as --warm
  // asked (kWarmed). The text is kDetached if the process goes on in the
  // background, where exec must neither kill it nor wait for it.
  kReplay = 'x',
  kWarmed = 'b',
  kMiss = 'm',  // the command must run
  kStored = 's',
};

inline constexpr std::string_view kDetached = "detached";

// Storing a record of the largest size may take this many times
// --cache-timeout.
inline constexpr int kStoreFactor = 6;

// The messages to the worker, after kMiss. It exits when the channel is closed.
enum class WorkerRequest : char {
  kStore = 's',   // the complete record is in the shared file
  kForget = 'f',  // remove the record, which is out of date
};

// Looks up the run, waits for another process that runs it, and stores its
// record. Answers on `channel`. Both processes share the file `record`, which
// is empty: this one writes a record to it to be replayed; after kMiss, the
// other one writes one to be stored. Runs in a process of its own with one
// thread, in which `signals` are blocked: replaces the standard streams and the
// umask.
void WorkOnCache(const ExecOptions& options, const RunName& run, int record,
                 SignalBlocker& signals, MessageChannel& channel);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_CACHE_WORKER_H_
