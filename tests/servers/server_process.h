// ServerProcess: a server process that a test starts. It is killed with the
// test, however the test ends.

#ifndef APPCACHE_TESTS_SERVERS_SERVER_PROCESS_H_
#define APPCACHE_TESTS_SERVERS_SERVER_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace appcache {

class ServerProcess {
 public:
  // Runs the command and waits until its output contains `ready`. Otherwise the
  // test fails, shows the output, and suggests to install `package`.
  ServerProcess(std::vector<std::string> command, const std::string& ready,
                const std::string& package);
  // The same for a program that prints nothing: calls `is_ready` repeatedly
  // until it returns true.
  ServerProcess(std::vector<std::string> command,
                const std::function<bool()>& is_ready,
                const std::string& package);
  // SIGKILL.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  bool is_ready() const { return is_ready_; }

  // SIGSTOP, which waits until the process has stopped, and SIGCONT.
  void Freeze();
  void Thaw();

 private:
  void Start(std::vector<std::string>& command);
  // Returns the output up to when `done(output)` is true, which is checked
  // after each output and every `interval_ms`.
  template <class Done>
  std::string ReadUntil(const Done& done, int interval_ms);
  void ExpectReady(const std::string& program, const std::string& package,
                   const std::string& printed) const;

  pid_t process_ = -1;
  int output_ = -1;
  bool is_ready_ = false;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_SERVER_PROCESS_H_
