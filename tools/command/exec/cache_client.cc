#include "tools/command/exec/cache_client.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "tools/command/exec/run_record.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/report.h"
#include "tools/command/text/units.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// A killed process exits within this time, unless a system call of it hangs.
constexpr milliseconds kExitTime{1000};
// The rest of the life of the worker's process.
[[noreturn]] void BeWorker(const ExecOptions& options, const RunName& run,
                           int record, pid_t parent, SignalBlocker& signals,
                           UniqueFd socket) {
  // The lock must not outlive its holder.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  try {
    MessageChannel channel(std::move(socket));
    WorkOnCache(options, run, record, signals, channel);
  } catch (...) {
    _exit(kFailure);
  }
  _exit(kDone);
}

// Writes the output of a recorded run. Returns 0, or the errno of the first
// write that failed.
int WriteOutput(const Run& run) {
  for (const Run::Chunk& chunk : run.chunks) {
    const bool is_out = chunk.stream == Stream::kOut;
    const int error =
        WriteAll(is_out ? STDOUT_FILENO : STDERR_FILENO, chunk.bytes);
    if (error == 0) continue;
    const char* const name = is_out ? "standard output" : "standard error";
    if (error != EPIPE) {
      Warn(SystemFailure("write to", name, error).message());
    }
    return error;
  }
  return 0;
}

}  // namespace

Result<CacheClient> CacheClient::Start(const ExecOptions& options,
                                       const RunName& run, int record,
                                       SignalBlocker& signals) {
  UniqueFd mine;
  UniqueFd other;
  const int error = MessageChannel::CreatePair(mine, other);
  if (error != 0) return SystemFailure("create", "a socket", error);
  auto worker = std::make_unique<Worker>(std::move(mine));
  const pid_t parent = getpid();
  worker->pid = fork();
  if (worker->pid < 0) return SystemFailure("start", "a process", errno);
  if (worker->pid == 0) {
    worker.reset();  // so that the channel is closed when the parent exits
    BeWorker(options, run, record, parent, signals, std::move(other));
  }
  return CacheClient(options, record, signals, std::move(worker));
}

CacheClient::~CacheClient() {
  if (worker_ != nullptr) Kill();
}

CacheClient::Found CacheClient::LookUp() {
  TimePoint deadline = After(options_.cache_timeout);
  for (;;) {
    const auto message = Await(deadline);
    if (!message) return {Answer::kFailed, kFailure, WhyItEnded()};
    switch (static_cast<WorkerMessage>(message->kind)) {
      case WorkerMessage::kWarning:
        Warn(message->text);
        break;
      case WorkerMessage::kWaiting:
        if (isatty(STDERR_FILENO)) {
          Note(kWaitingForRun);
        }
        deadline = After(options_.wait + options_.cache_timeout);
        break;
      case WorkerMessage::kReplay:
        LeaveDetached(*message);
        return Replay();
      case WorkerMessage::kWarmed:
        LeaveDetached(*message);
        Close();
        return {Answer::kDone, kDone};
      case WorkerMessage::kMiss:
        return {Answer::kMiss};
      case WorkerMessage::kRefused:
        FailUsage(message->text);
        return {Answer::kDone, kUsage};
      case WorkerMessage::kUnusable:
        return {Answer::kFailed, kFailure, message->text};
      case WorkerMessage::kStored:
        break;
    }
  }
}

// Replays the record in the file. The process exits while this runs: a reader
// of the output that stops does not keep the cache open.
CacheClient::Found CacheClient::Replay() {
  const Result<MappedFile> record = MappedFile::Map(record_);
  if (!record.ok()) return {Answer::kFailed, kFailure, record.error().message};
  const Result<Run> run = DecodeRun(record->view());
  if (!run.ok()) return {Answer::kFailed, kFailure, run.error().message};
  signals_.Unblock();
  const int error = WriteOutput(*run);
  Close();
  const bool lost = error != 0 && run->exit_status == 0;
  return {Answer::kDone, lost ? LostOutputStatus(error) : run->exit_status};
}

// After the last message of a process that may go on in the background.
void CacheClient::LeaveDetached(const MessageChannel::Message& last) {
  if (last.text == kDetached) worker_.reset();
}

void CacheClient::Update(WorkerRequest request) {
  const TimePoint deadline = After(kStoreFactor * options_.cache_timeout);
  worker_->channel.Send(static_cast<char>(request));
  for (;;) {
    const auto message = Await(deadline);
    if (!message) return Warn("the run is not cached: " + WhyItEnded());
    if (message->kind == static_cast<char>(WorkerMessage::kStored)) break;
    if (message->kind == static_cast<char>(WorkerMessage::kWarning)) {
      Warn(message->text);
    }
  }
  Close();
}

void CacheClient::Close() {
  if (worker_ == nullptr) return;
  shutdown(worker_->channel.fd(), SHUT_WR);
  if (!AwaitExit(After(kStoreFactor * options_.cache_timeout))) Kill();
  worker_.reset();
}

// The next message. None when the deadline has passed or the process has
// exited.
std::optional<MessageChannel::Message> CacheClient::Await(TimePoint deadline) {
  if (!AwaitReadable(deadline)) return std::nullopt;
  return worker_->channel.Receive();
}

bool CacheClient::AwaitReadable(TimePoint deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    std::array<pollfd, 2> polled = {pollfd{worker_->channel.fd(), POLLIN, 0},
                                    pollfd{signals_.fd(), POLLIN, 0}};
    const int ready =
        poll(polled.data(), polled.size(),
             static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT32_MAX)));
    if (ready < 0) continue;
    if (polled[1].revents != 0) ActOnSignals();
    if (polled[0].revents != 0) return true;
    if (ready == 0) return false;
  }
}

// Ends this process by a signal whose default action that is.
void CacheClient::ActOnSignals() {
  while (const auto signal = signals_.TakePending()) {
    if (signal->number == SIGCHLD || signal->number == SIGPIPE) continue;
    if (worker_->pid > 0) kill(worker_->pid, SIGKILL);
    signals_.RaiseUnblocked(signal->number);
  }
}

// After Await has returned none.
std::string CacheClient::WhyItEnded() {
  const bool exited = AwaitExit(SteadyClock::now());
  if (!exited) {
    Kill();
    return "the cache did not answer within " +
           FormatDuration(options_.cache_timeout) + " (see --cache-timeout)";
  }
  if (WIFSIGNALED(wait_status_)) {
    const int number = WTERMSIG(wait_status_);
    return "the process that uses the cache was killed by signal " +
           std::to_string(number) + " (" + strsignal(number) +
           "); the cache may be damaged";
  }
  return "the process that uses the cache exited with status " +
         std::to_string(WEXITSTATUS(wait_status_));
}

void CacheClient::Kill() {
  if (worker_->pid <= 0) return;
  kill(worker_->pid, SIGKILL);
  AwaitExit(After(kExitTime));
}

// Waits until the process has closed the channel, which it does when it exits.
bool CacheClient::AwaitExit(TimePoint deadline) {
  if (worker_->pid <= 0) return true;
  do {
    if (!AwaitReadable(deadline)) return false;
  } while (worker_->channel.Receive());
  while (waitpid(worker_->pid, &wait_status_, 0) < 0 && errno == EINTR) {
  }
  worker_->pid = -1;
  return true;
}

}  // namespace appcache::command
