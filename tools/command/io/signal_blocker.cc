#include "tools/command/io/signal_blocker.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace appcache::command {
namespace {

// SIGPIPE: a closed reader then appears as an error of the write. SIGCHLD: the
// exit of a child then wakes a poll on fd().
constexpr int kBlocked[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                            SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD};

bool IsIgnored(int number) {
  struct sigaction action;
  return sigaction(number, nullptr, &action) == 0 &&
         action.sa_handler == SIG_IGN;
}

}  // namespace

SignalBlocker::SignalBlocker(std::initializer_list<int> others) {
  // With SIGCHLD ignored, as some parent processes leave it, the kernel would
  // discard the exit status of a child.
  if (IsIgnored(SIGCHLD)) signal(SIGCHLD, SIG_DFL);
  sigemptyset(&blocked_);
  const auto add = [this](int number) {
    if (!IsIgnored(number)) sigaddset(&blocked_, number);
  };
  std::for_each(std::begin(kBlocked), std::end(kBlocked), add);
  std::for_each(others.begin(), others.end(), add);
  pthread_sigmask(SIG_BLOCK, nullptr, &original_);
  fd_ = UniqueFd(signalfd(-1, &blocked_, SFD_CLOEXEC | SFD_NONBLOCK));
  Block();
}

void SignalBlocker::Unblock() noexcept {
  pthread_sigmask(SIG_SETMASK, &original_, nullptr);
}

void SignalBlocker::Block() noexcept {
  // Signals that cannot be read must not be blocked.
  if (fd_.is_open()) pthread_sigmask(SIG_BLOCK, &blocked_, nullptr);
}

void SignalBlocker::RaiseUnblocked(int number) noexcept {
  Unblock();
  raise(number);
}

std::optional<SignalBlocker::Signal> SignalBlocker::TakePending() noexcept {
  signalfd_siginfo info;
  ssize_t size = 0;
  do {
    size = read(fd_.get(), &info, sizeof(info));
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return Signal{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace appcache::command
