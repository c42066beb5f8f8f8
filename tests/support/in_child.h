// Forked children that check something and say what was wrong.

#ifndef APPCACHE_TESTS_SUPPORT_IN_CHILD_H_
#define APPCACHE_TESTS_SUPPORT_IN_CHILD_H_

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

namespace appcache {

// A child that hangs is killed, by SIGALRM, after so long.
inline constexpr unsigned kChildSeconds = 120;

// Runs `check` in a forked child. What it complains of, "" when nothing is
// wrong; what became of the child if it did not come to say so.
inline std::string InChild(const std::function<std::string()>& check) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe";
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(kChildSeconds);
    const std::string complaint = check();
    const ssize_t size = write(ends[1], complaint.data(), complaint.size());
    _exit(size == static_cast<ssize_t>(complaint.size()) ? 0 : 2);
  }
  close(ends[1]);
  std::string complaint;
  char text[256];
  for (ssize_t size; (size = read(ends[0], text, sizeof(text))) > 0;) {
    complaint.append(text, static_cast<size_t>(size));
  }
  close(ends[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child) return "lost the child";
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
