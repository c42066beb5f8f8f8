#include "tools/command/run_command.h"

#include <limits.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "tools/command/child.h"
#include "tools/command/report.h"

namespace appcache::command {
namespace {

constexpr size_t kReadSize = size_t{64} << 10;
// A pipe that is reported writable takes this much without blocking, so that a
// slow reader of ours never keeps a signal from the command.
constexpr size_t kWriteSize = PIPE_BUF;

// One of the command's streams on its way to ours.
class Relay {
 public:
  Relay(UniqueFd from, int to, Stream stream, Recording& recording)
      : from_(std::move(from)),
        to_(to),
        stream_(stream),
        recording_(recording) {}

  bool is_open() const noexcept { return from_.is_open(); }
  bool is_broken() const noexcept { return broken_; }

  // What to wait for next.
  pollfd Poll() const noexcept {
    if (!is_open()) return {-1, 0, 0};
    if (!pending_.empty()) return {to_, POLLOUT, 0};
    return {from_.get(), POLLIN, 0};
  }

  // Takes the next step; call when what Poll asked for is there.
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
    const int error = errno;
    // The command meets a closed pipe in its turn, as if it wrote directly.
    broken_ = true;
    pending_ = {};
    from_.Close();
    if (error == EPIPE) return;
    const char* const name =
        to_ == STDOUT_FILENO ? "standard output" : "standard error";
    Warn(FileFailure("write to", name, error).error().message);
  }

  UniqueFd from_;
  const int to_;
  const Stream stream_;
  Recording& recording_;
  std::array<char, kReadSize> buffer_;
  std::string_view pending_;  // of buffer_: what is not written yet
  bool broken_ = false;
};

// Whoever still has the output may outlive the command; then there is nothing
// left to pass a signal to, and it means us. One that came together with the
// end was meant for the command.
void PassSignals(SignalGate& gate, Child& child) {
  const bool had_ended = child.is_known_to_have_ended();
  while (const auto signal = gate.Next()) {
    if (signal->number == SIGCHLD || signal->number == SIGPIPE) continue;
    if (had_ended) {
      gate.EndBy(signal->number);
    } else if (!signal->from_terminal) {
      child.Signal(signal->number);
    }
  }
  child.Ended(Child::Wait::kNo);
}

void RelayAll(Relay& out, Relay& error, SignalGate& gate, Child& child) {
  // Without a descriptor nothing would wake the poll at the end of the command.
  const auto wait = gate.fd() < 0 ? Child::Wait::kYes : Child::Wait::kNo;
  while (out.is_open() || error.is_open() || !child.Ended(wait)) {
    std::array<pollfd, 3> polled = {pollfd{gate.fd(), POLLIN, 0}, out.Poll(),
                                    error.Poll()};
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) PassSignals(gate, child);
    if (polled[1].revents != 0) out.Step();
    if (polled[2].revents != 0) error.Step();
  }
}

}  // namespace

RunResult RunCommand(std::span<const std::string> command, SignalGate& gate,
                     Recording& recording) {
  RunResult result;
  bool executing = false;
  Result<Child> child = Child::Start(command, gate.original_mask(), executing);
  if (!child.ok()) {
    const int error = child.error().native_code;
    Fail(executing ? Status(ErrorCode::kUnavailable,
                            CannotExecuteMessage(command.front(), error))
                   : child.status());
    result.exit_status = static_cast<uint8_t>(CannotExecuteStatus(error));
    return result;
  }
  Relay out(std::move(child->out), STDOUT_FILENO, Stream::kOut, recording);
  Relay error(std::move(child->error), STDERR_FILENO, Stream::kError,
              recording);
  RelayAll(out, error, gate, *child);
  const int status = *child->Ended(Child::Wait::kYes);
  const bool exited = WIFEXITED(status);
  result.exit_status = static_cast<uint8_t>(exited ? WEXITSTATUS(status)
                                                   : 128 + WTERMSIG(status));
  result.is_whole = exited && !out.is_broken() && !error.is_broken();
  return result;
}

}  // namespace appcache::command
