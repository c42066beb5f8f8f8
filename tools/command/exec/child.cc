#include "tools/command/exec/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <vector>

#include "tools/command/io/file_size_signal.h"
#include "tools/command/text/text.h"

namespace appcache::command {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// Returns 0 or errno. Both ends are closed by an exec.
int CreatePipe(Pipe& pipe) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return errno;
  pipe.read = UniqueFd(fds[0]);
  pipe.write = UniqueFd(fds[1]);
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

// Runs in the child. Must not allocate or take a lock: a thread of the parent
// may have held it at the fork.
[[noreturn]] void BecomeCommand(char* const* arguments, const Pipe& out,
                                const Pipe& error, const Pipe& failure,
                                const sigset_t& signal_mask) {
  if (dup2(out.write.get(), STDOUT_FILENO) >= 0 &&
      dup2(error.write.get(), STDERR_FILENO) >= 0 &&
      sigprocmask(SIG_SETMASK, &signal_mask, nullptr) == 0) {
    RestoreFileSizeSignal();
    execvp(arguments[0], arguments);
  }
  const int why = errno;
  // An empty pipe has room for this. Otherwise the parent sees only the exit.
  if (write(failure.write.get(), &why, sizeof(why)) < 0) _exit(126);
  _exit(127);
}

// The errno of a failed exec in the child; 0 when exec closed the pipe.
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
  const std::string failed = "cannot run " + Quoted(command) + ": ";
  if (error == ENOENT) return failed + "command not found";
  if (error == EACCES) return failed + "permission denied; make it executable";
  return failed + ErrnoMessage(error);
}

int Execute(std::span<const std::string> command) {
  assert(!command.empty());
  RestoreFileSizeSignal();
  execvp(command.front().c_str(), Arguments(command).data());
  return errno;
}

Result<Child> Child::Start(std::span<const std::string> command,
                           const sigset_t& signal_mask, bool& executing) {
  assert(!command.empty());
  executing = false;
  Pipe out;
  Pipe error;
  Pipe failure;
  int failed = CreatePipe(out);
  if (failed == 0) failed = CreatePipe(error);
  if (failed == 0) failed = CreatePipe(failure);
  if (failed != 0) return SystemFailure("create", "a pipe", failed);

  const std::vector<char*> arguments = Arguments(command);
  Child child;
  child.pid_ = fork();
  if (child.pid_ < 0) return SystemFailure("start", "a process", errno);
  if (child.pid_ == 0) {
    BecomeCommand(arguments.data(), out, error, failure, signal_mask);
  }
  failure.write.Close();
  failed = ReadFailure(failure.read);
  if (failed != 0) {
    executing = true;
    child.ExitStatus(Wait::kYes);
    return FileFailure("execute", command.front(), failed);
  }
  child.out = std::move(out.read);
  child.error = std::move(error.read);
  return child;
}

void Child::Signal(int number) const noexcept {
  // Until waitpid returns it, the process id is not reused.
  if (!status_) kill(pid_, number);
}

std::optional<int> Child::ExitStatus(Wait wait) {
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
