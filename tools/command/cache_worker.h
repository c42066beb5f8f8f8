// The process in which exec uses the cache. It can hang in a call, or be killed
// by a damaged LMDB file, without an effect on exec and its command.

#ifndef APPCACHE_TOOLS_COMMAND_CACHE_WORKER_H_
#define APPCACHE_TOOLS_COMMAND_CACHE_WORKER_H_

#include <string>

#include "tools/command/exec.h"
#include "tools/command/message_channel.h"

namespace appcache::command {

// The messages of the worker.
enum class WorkerMessage : char {
  kRefused = 'r',   // an error in the command line; the last message
  kUnusable = 'u',  // why the cache cannot be used; the last message
  kWarning = 'w',
  kWaiting = 'l',  // another process runs the command; waits for it
  // A replay: the output in order, then the exit status, one byte, and the last
  // message.
  kOut = '1',
  kError = '2',
  kReplayed = 'x',
  kMiss = 'm',  // the command must run
  kStored = 's',
};

// The messages to the worker, after kMiss. It exits when the channel is closed.
enum class WorkerRequest : char {
  kStore = 's',   // the complete record is in the shared file
  kForget = 'f',  // remove the record, which is out of date
};

// What identifies the run.
struct RunName {
  std::string identity;
  std::string key;  // RunKey(identity)
};

// Looks up the run, waits for another process that runs it, and stores its
// record, which the other process writes to the file `record`. Answers on
// `channel`. Runs in a process of its own: replaces the standard streams and
// the umask.
void WorkOnCache(const ExecOptions& options, const RunName& run, int record,
                 MessageChannel& channel);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CACHE_WORKER_H_
