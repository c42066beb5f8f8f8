// ServerProcess: a server that a test starts, and that ends with the test,
// however the test ends.

#ifndef APPCACHE_TESTS_SERVERS_SERVER_PROCESS_H_
#define APPCACHE_TESTS_SERVERS_SERVER_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace appcache {

class ServerProcess {
 public:
  // Runs the command and waits until it has printed a line with `ready` in it.
  // If it does not, that is a failure of the test, which says what it printed,
  // or, when there is no such program, to install `package`.
  ServerProcess(std::vector<std::string> command, const std::string& ready,
                const std::string& package);
  // For one that prints nothing: waits until `is_ready()`, asked time and
  // again, says so.
  ServerProcess(std::vector<std::string> command,
                const std::function<bool()>& is_ready,
                const std::string& package);
  // kill -9.
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  bool is_ready() const { return is_ready_; }

  // SIGSTOP, and back only when it has stopped; SIGCONT.
  void Freeze();
  void Thaw();

 private:
  void Start(std::vector<std::string>& command);
  // What it prints until `done(printed)` holds, which is asked whenever it has
  // printed more, and each `interval_ms`.
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
