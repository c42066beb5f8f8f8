// ChildProcess: the program that CHILD_PROCESS names, run by a test and talked
// to line by line.

#ifndef APPCACHE_TESTS_SUPPORT_CHILD_PROCESS_H_
#define APPCACHE_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace appcache {

// Not thread-safe. Killed at its end, if it still runs.
class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> arguments);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line that it writes, without its end; empty when there is none.
  std::string ReadLine();
  void WriteLine(const std::string& line);

  // What it writes from now on to its end, a line each.
  std::vector<std::string> ReadAll();

  // Waits until it has stopped itself (SIGSTOP); lets it go on.
  void AwaitStop();
  void Continue();

  // kill -9.
  void Kill();
  // Its exit code; -1 when a signal ended it.
  int Wait();

 private:
  pid_t process_ = -1;  // -1: gone
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_CHILD_PROCESS_H_
