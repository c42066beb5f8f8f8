// InChild: runs a check in a forked child.

#ifndef APPCACHE_TESTS_SUPPORT_IN_CHILD_H_
#define APPCACHE_TESTS_SUPPORT_IN_CHILD_H_

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

namespace appcache {

// A child that hangs is killed by SIGALRM after this time.
inline constexpr unsigned kChildSeconds = 120;

// Runs `check` in a forked child and returns its result: "" when nothing is
// wrong. If the child ends before that, returns how it ended.
inline std::string InChild(const std::function<std::string()>& check) {
  int fds[2];
  if (pipe(fds) != 0) return "pipe() failed";
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(kChildSeconds);
    const std::string complaint = check();
    const ssize_t size = write(fds[1], complaint.data(), complaint.size());
    _exit(size == static_cast<ssize_t>(complaint.size()) ? 0 : 2);
  }
  close(fds[1]);
  std::string complaint;
  char text[256];
  for (ssize_t size; (size = read(fds[0], text, sizeof(text))) > 0;) {
    complaint.append(text, static_cast<size_t>(size));
  }
  close(fds[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child) return "waitpid() failed";
  if (WIFSIGNALED(status)) {
    return "killed by signal " + std::to_string(WTERMSIG(status));
  }
  if (WEXITSTATUS(status) != 0) {
    return "exit status " + std::to_string(WEXITSTATUS(status));
  }
  return complaint;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_IN_CHILD_H_
