// TestServer: a server that a test starts for itself, whatever its kind.

#ifndef APPCACHE_TESTS_SERVERS_TEST_SERVER_H_
#define APPCACHE_TESTS_SERVERS_TEST_SERVER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/servers/server_process.h"
#include "tests/support/temp_dir.h"

namespace appcache {

// Not thread-safe. Runs from its construction on, and is killed by the
// destructor. Keeps nothing on disk.
class TestServer {
 public:
  virtual ~TestServer() = default;
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  // The unix socket on which the server listens.
  const std::string& socket_path() const { return socket_path_; }
  // The port on 127.0.0.1.
  virtual int port() const = 0;

  // SIGSTOP and SIGCONT.
  void Freeze() { process_->Freeze(); }
  void Thaw() { process_->Thaw(); }

  // SIGKILL. Start runs an empty server again.
  void Kill() {
    Disconnect();
    process_.reset();
  }
  virtual void Start() = 0;

  // Lets entries expire as if `time` had passed, without waiting. Nothing else
  // may use the server at the same time.
  virtual void PassTime(std::chrono::milliseconds time) = 0;

  // The number of open connections, and the number of connections accepted
  // since Start, without the one of this object.
  virtual int64_t OpenConnections() = 0;
  virtual int64_t AcceptedConnections() = 0;

 protected:
  // The server listens in a directory in /tmp, because the path of a unix
  // socket must be short.
  explicit TestServer(const std::string& file_name)
      : socket_path_(directory_.path() + "/" + file_name) {}

  // Closes the connection of this object, if there is one.
  virtual void Disconnect() = 0;

  const TempDir& directory() const { return directory_; }

  std::unique_ptr<ServerProcess> process_;

 private:
  const TempDir directory_{nullptr};
  const std::string socket_path_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_TEST_SERVER_H_
