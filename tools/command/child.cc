#include "tools/command/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

namespace appcache::command {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// Returns 0 or errno. Neither end survives an exec.
int MakePipe(Pipe& made) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return errno;
  made.read = UniqueFd(fds[0]);
  made.write = UniqueFd(fds[1]);
  return 0;
}

std::vector<char*> Arguments(std::span<const std::string> command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  return arguments;
}

// In the child: nothing here allocates or takes a lock, because threads of the
// parent may have held one.
[[noreturn]] void BecomeCommand(char* const* arguments, const Pipe& out,
                                const Pipe& error, const Pipe& failure,
                                const sigset_t& signal_mask) {
  if (dup2(out.write.get(), STDOUT_FILENO) >= 0 &&
      dup2(error.write.get(), STDERR_FILENO) >= 0 &&
      sigprocmask(SIG_SETMASK, &signal_mask, nullptr) == 0) {
    execvp(arguments[0], arguments);
  }
  const int why = errno;
  // A pipe has room for this; and if not, the child just ends.
  if (write(failure.write.get(), &why, sizeof(why)) < 0) _exit(126);
  _exit(127);
}

// The errno that the child sent when it could not become the command, or 0: the
// pipe was closed by its doing so.
int ReadFailure(const UniqueFd& fd) {
  int why = 0;
  ssize_t size = 0;
  do {
    size = read(fd.get(), &why, sizeof(why));
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(sizeof(why)) ? why : 0;
}

}  // namespace

int CannotExecuteStatus(int error) { return error == ENOENT ? 127 : 126; }

std::string CannotExecuteMessage(const std::string& command, int error) {
  if (error == ENOENT) return command + ": command not found";
  return command + ": " + std::generic_category().message(error);
}

int Execute(std::span<const std::string> command) {
  execvp(command.front().c_str(), Arguments(command).data());
  return errno;
}

Result<Child> Child::Start(std::span<const std::string> command,
                           const sigset_t& signal_mask, bool& executing) {
  executing = false;
  Pipe out;
  Pipe error;
  Pipe failure;
  int failed = MakePipe(out);
  if (failed == 0) failed = MakePipe(error);
  if (failed == 0) failed = MakePipe(failure);
  if (failed != 0) return FileFailure("make", "a pipe", failed);

  const std::vector<char*> arguments = Arguments(command);
  Child child;
  child.pid_ = fork();
  if (child.pid_ < 0) return FileFailure("start", "a process", errno);
  if (child.pid_ == 0) {
    BecomeCommand(arguments.data(), out, error, failure, signal_mask);
  }
  failure.write.Close();
  failed = ReadFailure(failure.read);
  if (failed != 0) {
    executing = true;
    child.Ended(Wait::kYes);
    return FileFailure("execute", command.front(), failed);
  }
  child.out = std::move(out.read);
  child.error = std::move(error.read);
  return child;
}

void Child::Signal(int number) const noexcept {
  // Until it is waited for, the process id cannot be another's.
  if (!status_) kill(pid_, number);
}

std::optional<int> Child::Ended(Wait wait) {
  if (status_) return status_;
  int status = 0;
  pid_t pid = 0;
  do {
    pid = waitpid(pid_, &status, wait == Wait::kYes ? 0 : WNOHANG);
  } while (pid < 0 && errno == EINTR);
  if (pid == pid_) status_ = status;
  return status_;
}

}  // namespace appcache::command
