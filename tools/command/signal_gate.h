// SignalGate: signals that are kept until somebody asks for them.

#ifndef APPCACHE_TOOLS_COMMAND_SIGNAL_GATE_H_
#define APPCACHE_TOOLS_COMMAND_SIGNAL_GATE_H_

#include <signal.h>

#include <optional>

#include "tools/command/fd.h"

namespace appcache::command {

// While the gate is closed, the signals that ask a program to end, or to do
// something of its own, are not delivered but can be read. Those that were
// ignored when the gate was made stay ignored.
//
// Made before any thread is: threads inherit the closed gate, so that an open
// one lets signals through to the main thread alone.
class SignalGate {
 public:
  // Closes the gate.
  SignalGate();
  // Opens it: a signal that waits does now what it does by default.
  ~SignalGate() { Open(); }
  SignalGate(const SignalGate&) = delete;
  SignalGate& operator=(const SignalGate&) = delete;

  void Open() noexcept;
  void Close() noexcept;

  // Does to this process what a signal that was kept does by default.
  void EndBy(int number) noexcept;

  // The mask from before the gate: what a program to be run must have.
  const sigset_t& original_mask() const noexcept { return original_; }

  // Readable when a signal waits; -1 when the system has none to give, and the
  // gate stays open.
  int fd() const noexcept { return fd_.get(); }

  struct Signal {
    int number;
    // Sent by the kernel, so, of those that are passed on, by the terminal: it
    // has reached every process of the foreground group already.
    bool from_terminal;
  };
  // The next signal that waits, if any does. Does not block.
  std::optional<Signal> Next() noexcept;

 private:
  sigset_t kept_;
  sigset_t original_;
  UniqueFd fd_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_SIGNAL_GATE_H_
