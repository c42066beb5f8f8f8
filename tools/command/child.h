// Child: a command that runs with its output in our hands.

#ifndef APPCACHE_TOOLS_COMMAND_CHILD_H_
#define APPCACHE_TOOLS_COMMAND_CHILD_H_

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <span>
#include <string>

#include "engine/error.h"
#include "tools/command/fd.h"

namespace appcache::command {

// The status with which a shell ends when `command` could not be executed for
// that errno: 127 when there is none of that name, else 126.
int CannotExecuteStatus(int error);
std::string CannotExecuteMessage(const std::string& command, int error);

// Becomes the command. Returns only if that fails, with errno. REQUIRES:
// !command.empty().
int Execute(std::span<const std::string> command);

class Child {
 public:
  // Starts the command, found by PATH, with our standard input, two pipes to
  // write to, and `signal_mask`. The error's native_code is the errno of what
  // failed; `executing` tells whether that was to execute the command itself.
  static Result<Child> Start(std::span<const std::string> command,
                             const sigset_t& signal_mask, bool& executing);

  // The ends to read from.
  UniqueFd out;
  UniqueFd error;

  // Sends a signal, unless the child has been found to have ended.
  void Signal(int number) const noexcept;

  // Looks whether the child has ended; `wait`s for that if told to. The result
  // is waitpid's status, kept once there is one.
  enum class Wait { kNo, kYes };
  std::optional<int> Ended(Wait wait);

  // Whether Ended has found so.
  bool is_known_to_have_ended() const noexcept { return status_.has_value(); }

 private:
  Child() = default;

  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_CHILD_H_
