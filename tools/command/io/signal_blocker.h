// SignalBlocker: blocks signals so that the program reads them when it is
// ready, instead of being interrupted.

#ifndef APPCACHE_TOOLS_COMMAND_IO_SIGNAL_BLOCKER_H_
#define APPCACHE_TOOLS_COMMAND_IO_SIGNAL_BLOCKER_H_

#include <signal.h>

#include <initializer_list>
#include <optional>

#include "tools/command/io/fd.h"

namespace appcache::command {

// Blocks HUP, INT, QUIT, TERM, USR1, USR2, PIPE, CHLD, and others on request. A
// signal that was ignored before stays ignored.
//
// Create it before any thread: threads inherit the blocked mask, so that
// Unblock lets only the main thread receive signals.
class SignalBlocker {
 public:
  // Blocks the signals, and those of `others`.
  explicit SignalBlocker(std::initializer_list<int> others = {});
  // Unblocks them: a pending signal then takes its default action.
  ~SignalBlocker() { Unblock(); }
  SignalBlocker(const SignalBlocker&) = delete;
  SignalBlocker& operator=(const SignalBlocker&) = delete;

  void Unblock() noexcept;
  void Block() noexcept;

  // Unblocks the signals and sends `number` to this process.
  void RaiseUnblocked(int number) noexcept;

  // The mask from before the constructor, which a child process must have.
  const sigset_t& original_mask() const noexcept { return original_; }

  // A descriptor that is readable while a signal is pending. -1 when the system
  // has no descriptors left; the signals are not blocked then.
  int fd() const noexcept { return fd_.get(); }

  struct Signal {
    int number;
    // Sent by the kernel. A signal of the terminal (Ctrl-C) is, and has reached
    // every process of the foreground group already.
    bool from_terminal;
  };
  // Takes a pending signal, if there is one. Does not block.
  std::optional<Signal> TakePending() noexcept;

 private:
  sigset_t blocked_;
  sigset_t original_;
  UniqueFd fd_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_IO_SIGNAL_BLOCKER_H_
