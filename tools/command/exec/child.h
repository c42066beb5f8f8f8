// Child: starts a command with pipes for its output.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_CHILD_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_CHILD_H_

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "appcache/error.h"
#include "tools/command/io/fd.h"

namespace appcache::command {

// The exit status of a shell for a command that cannot be executed: 127 when it
// was not found (ENOENT), otherwise 126.
int CannotExecuteStatus(int error);
// "cannot run "nope": command not found".
std::string CannotExecuteMessage(const std::string& command, int error);

// Replaces this process by the command. Returns errno if that fails. REQUIRES:
// !command.empty().
int Execute(std::span<const std::string> command);

class Child {
 public:
  // Starts the command, which is searched in PATH. It inherits standard input,
  // writes to two pipes, and has `signal_mask`. An error has the errno as its
  // native code; `executing` is true if it came from executing the command, and
  // false if it came from creating the pipes or the process. REQUIRES:
  // !command.empty().
  static Result<Child> Start(std::span<const std::string> command,
                             const sigset_t& signal_mask, bool& executing);

  // The read ends of the pipes.
  UniqueFd out;
  UniqueFd error;

  // Sends a signal, unless has_exited().
  void Signal(int number) const noexcept;

  // The status of waitpid once the child has exited, otherwise nothing. With
  // kYes, waits for the exit.
  enum class Wait { kNo, kYes };
  std::optional<int> ExitStatus(Wait wait);

  // True once ExitStatus has returned a status.
  bool has_exited() const noexcept { return status_.has_value(); }

 private:
  Child() = default;

  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_CHILD_H_
