#include "tools/command/signal_gate.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace appcache::command {
namespace {

// SIGPIPE is kept so that a reader who is gone becomes an error of the write;
// SIGCHLD so that the end of a child wakes whoever polls.
constexpr int kKept[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                         SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD};

bool IsIgnored(int number) {
  struct sigaction action;
  return sigaction(number, nullptr, &action) == 0 &&
         action.sa_handler == SIG_IGN;
}

}  // namespace

SignalGate::SignalGate() {
  // An ignored SIGCHLD, which some parents leave behind, would lose the status
  // of a child.
  if (IsIgnored(SIGCHLD)) signal(SIGCHLD, SIG_DFL);
  sigemptyset(&kept_);
  for (const int number : kKept) {
    if (!IsIgnored(number)) sigaddset(&kept_, number);
  }
  pthread_sigmask(SIG_BLOCK, nullptr, &original_);
  fd_ = UniqueFd(signalfd(-1, &kept_, SFD_CLOEXEC | SFD_NONBLOCK));
  Close();
}

void SignalGate::Open() noexcept {
  pthread_sigmask(SIG_SETMASK, &original_, nullptr);
}

void SignalGate::Close() noexcept {
  // What could not be read must not be kept.
  if (fd_.is_open()) pthread_sigmask(SIG_BLOCK, &kept_, nullptr);
}

void SignalGate::EndBy(int number) noexcept {
  Open();
  raise(number);
}

std::optional<SignalGate::Signal> SignalGate::Next() noexcept {
  signalfd_siginfo info;
  ssize_t size = 0;
  do {
    size = read(fd_.get(), &info, sizeof(info));
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof(info))) return std::nullopt;
  return Signal{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace appcache::command
