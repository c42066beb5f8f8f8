#include "tools/command/exec/run_command.h"

#include <limits.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <string_view>

#include "tools/command/exec/child.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/report.h"

namespace appcache::command {
namespace {

constexpr size_t kReadSize = size_t{64} << 10;
// A writable pipe accepts this much without blocking, so that a slow reader
// does not delay the forwarding of signals.
constexpr size_t kWriteSize = PIPE_BUF;

// Copies one output stream of the command to one of this process.
class Relay {
 public:
  Relay(UniqueFd from, int to, Stream stream, Recording& recording)
      : from_(std::move(from)),
        to_(to),
        stream_(stream),
        recording_(recording) {}

  bool is_open() const noexcept { return from_.is_open(); }
  // The errno of the write that failed, otherwise 0.
  int write_error() const noexcept { return write_error_; }

  // The event that Step needs.
  pollfd Poll() const noexcept {
    if (!is_open()) return {-1, 0, 0};
    if (!pending_.empty()) return {to_, POLLOUT, 0};
    return {from_.get(), POLLIN, 0};
  }

  // Reads or writes once. REQUIRES: the event of Poll has occurred.
  void Step() {
    if (pending_.empty()) {
      Read();
    } else {
      Write();
    }
  }

 private:
  void Read() {
    const ssize_t size = read(from_.get(), buffer_.data(), buffer_.size());
    if (size < 0 && errno == EINTR) return;
    if (size <= 0) return from_.Close();
    pending_ = {buffer_.data(), static_cast<size_t>(size)};
    recording_.Append(stream_, pending_);
  }

  void Write() {
    const ssize_t size =
        write(to_, pending_.data(), std::min(pending_.size(), kWriteSize));
    if (size >= 0) return pending_.remove_prefix(static_cast<size_t>(size));
    if (errno == EINTR || errno == EAGAIN) return;
    write_error_ = errno;
    // Closes the pipe, so that the command gets EPIPE as if it wrote directly.
    pending_ = {};
    from_.Close();
    if (write_error_ == EPIPE) return;
    const char* const name =
        to_ == STDOUT_FILENO ? "standard output" : "standard error";
    Warn(SystemFailure("write to", name, write_error_).message());
  }

  UniqueFd from_;
  const int to_;
  const Stream stream_;
  Recording& recording_;
  std::array<char, kReadSize> buffer_;
  std::string_view pending_;  // the part of buffer_ that is not written yet
  int write_error_ = 0;
};

// Forwards pending signals to the command. When it has exited and another
// process still holds its output open, a signal is for this process. A signal
// that arrived together with the exit was for the command.
void ForwardSignals(SignalBlocker& signals, Child& child) {
  const bool had_exited = child.has_exited();
  while (const auto signal = signals.TakePending()) {
    if (signal->number == SIGCHLD || signal->number == SIGPIPE) continue;
    if (had_exited) {
      signals.RaiseUnblocked(signal->number);
    } else if (!signal->from_terminal) {
      child.Signal(signal->number);
    }
  }
  child.ExitStatus(Child::Wait::kNo);
}

void RelayAll(Relay& out, Relay& error, SignalBlocker& signals, Child& child) {
  // Without a descriptor, SIGCHLD would not wake the poll.
  const auto wait = signals.fd() < 0 ? Child::Wait::kYes : Child::Wait::kNo;
  while (out.is_open() || error.is_open() || !child.ExitStatus(wait)) {
    std::array<pollfd, 3> polled = {pollfd{signals.fd(), POLLIN, 0}, out.Poll(),
                                    error.Poll()};
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) ForwardSignals(signals, child);
    if (polled[1].revents != 0) out.Step();
    if (polled[2].revents != 0) error.Step();
  }
}

}  // namespace

RunResult RunCommand(std::span<const std::string> command,
                     SignalBlocker& signals, Recording& recording) {
  assert(!command.empty());
  RunResult result;
  bool executing = false;
  Result<Child> child =
      Child::Start(command, signals.original_mask(), executing);
  if (!child.ok()) {
    if (!executing) {
      result.started = child.status();
      return result;
    }
    const int error = child.error().native_code;
    Fail(Status(ErrorCode::kUnavailable,
                CannotExecuteMessage(command.front(), error)));
    result.exit_status = static_cast<uint8_t>(CannotExecuteStatus(error));
    return result;
  }
  Relay out(std::move(child->out), STDOUT_FILENO, Stream::kOut, recording);
  Relay error(std::move(child->error), STDERR_FILENO, Stream::kError,
              recording);
  RelayAll(out, error, signals, *child);
  const int status = *child->ExitStatus(Child::Wait::kYes);
  const bool exited = WIFEXITED(status);
  result.exit_status = static_cast<uint8_t>(exited ? WEXITSTATUS(status)
                                                   : 128 + WTERMSIG(status));
  const int lost =
      out.write_error() != 0 ? out.write_error() : error.write_error();
  if (lost != 0 && result.exit_status == 0) {
    result.exit_status = static_cast<uint8_t>(LostOutputStatus(lost));
  }
  result.is_complete = exited && lost == 0;
  return result;
}

}  // namespace appcache::command
