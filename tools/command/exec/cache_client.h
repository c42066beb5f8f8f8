// CacheClient: the side of exec that asks the process of cache_worker.h.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_CACHE_CLIENT_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_CACHE_CLIENT_H_

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "appcache/error.h"
#include "tools/command/exec/cache_worker.h"
#include "tools/command/exec/exec.h"
#include "tools/command/io/message_channel.h"
#include "tools/command/io/signal_blocker.h"

namespace appcache::command {

// Each wait for the cache is limited by --cache-timeout, and ends this process
// when a signal arrives that would end it.
class CacheClient {
 public:
  // Starts the process. REQUIRES: this process has one thread, and `signals`
  // are blocked. The arguments must outlive the client. `record` is an empty
  // file in memory.
  static Result<CacheClient> Start(const ExecOptions& options,
                                   const RunName& run, int record,
                                   SignalBlocker& signals);

  CacheClient(CacheClient&& other) noexcept = default;
  CacheClient& operator=(CacheClient&&) = delete;
  // Kills the process, unless Close was called.
  ~CacheClient();

  enum class Answer {
    // Exit with `exit_status`: that of the run, whose output was written; or of
    // an error in the command line, which was printed; or of --warm.
    kDone,
    kMiss,    // run the command, then call Update or Close
    kFailed,  // the cache cannot be used; `why` says why
  };
  struct Found {
    Answer answer;
    int exit_status = 0;
    std::string why = {};
  };
  // Looks up the run, and waits for a process that runs it. Writes the output
  // of a recorded run; signals are not blocked from then on.
  Found LookUp();

  // Stores or removes the record, which is in the file. Prints a warning if
  // that fails.
  void Update(WorkerRequest request);

  // Lets the process close the cache, and waits for its exit.
  void Close();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Worker {
    explicit Worker(UniqueFd socket) : channel(std::move(socket)) {}
    MessageChannel channel;
    pid_t pid = -1;
  };

  CacheClient(const ExecOptions& options, int record, SignalBlocker& signals,
              std::unique_ptr<Worker> worker)
      : options_(options),
        record_(record),
        signals_(signals),
        worker_(std::move(worker)) {}

  TimePoint After(std::chrono::milliseconds time) const {
    return std::chrono::steady_clock::now() + time;
  }
  std::optional<MessageChannel::Message> Await(TimePoint deadline);
  bool AwaitReadable(TimePoint deadline);
  void ActOnSignals();
  Found Replay();
  void LeaveDetached(const MessageChannel::Message& last);
  std::string WhyItEnded();
  void Kill();
  bool AwaitExit(TimePoint deadline);

  const ExecOptions& options_;
  const int record_;
  SignalBlocker& signals_;
  std::unique_ptr<Worker> worker_;
  int wait_status_ = 0;  // of the process, once it has exited
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_CACHE_CLIENT_H_
