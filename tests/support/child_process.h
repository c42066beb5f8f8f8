// ChildProcess: runs the program that the variable CHILD_PROCESS names, and
// exchanges lines with it.

#ifndef APPCACHE_TESTS_SUPPORT_CHILD_PROCESS_H_
#define APPCACHE_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace appcache {

// Not thread-safe. The destructor kills the process if it still runs.
class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> arguments);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of its output, without the newline; empty at the end.
  std::string ReadLine();
  void WriteLine(const std::string& line);

  // The rest of its output, up to an empty line or the end.
  std::vector<std::string> ReadAll();

  // Waits until it has stopped itself (SIGSTOP); sends SIGCONT.
  void AwaitStop();
  void Continue();

  // kill -9.
  void Kill();
  // Waits for its end. Its exit code, or -1 if a signal ended it.
  int Wait();

 private:
  pid_t process_ = -1;  // -1: not running
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_CHILD_PROCESS_H_
