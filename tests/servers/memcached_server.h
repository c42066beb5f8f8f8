// MemcachedServer: a Memcached server of a test's own, on a unix socket or on
// 127.0.0.1 (memcached listens to one of them).

#ifndef APPCACHE_TESTS_SERVERS_MEMCACHED_SERVER_H_
#define APPCACHE_TESTS_SERVERS_MEMCACHED_SERVER_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/servers/reserved_port.h"
#include "tests/servers/server_process.h"
#include "tests/support/temp_dir.h"

namespace appcache {

class MemcachedServer {
 public:
  enum class Listen { kUnix, kTcp };

  // With what memcached takes on its command line, besides where it listens.
  explicit MemcachedServer(std::vector<std::string> settings = {},
                           Listen listen = Listen::kUnix);
  ~MemcachedServer();

  // REQUIRES: Listen::kUnix.
  const std::string& socket_path() const { return socket_path_; }
  // Of 127.0.0.1. REQUIRES: Listen::kTcp.
  int port() const { return port_->number(); }

  // Runs a command past the cache, and returns all of the answer but its last
  // line's end: "STORED", "VALUE k 0 1\r\nv\r\nEND". "set k 0 0 1\r\nv" is one
  // command.
  std::string Run(const std::string& command);

  // A figure of the command stats; -1 if there is none.
  int64_t Stat(const std::string& name);

  // All items, a line for each: "key=... exp=... ...". Asks until the server is
  // not about a listing of its own.
  std::string Listing();

  // What passes of every ttl, in no time. Nothing else may be going on.
  void PassTime(std::chrono::milliseconds time);

  void Freeze() { process_->Freeze(); }
  void Thaw() { process_->Thaw(); }
  // kill -9; Start it again: it is empty then.
  void Kill();
  void Start();

 private:
  int Connect() const;
  void Disconnect();

  const TempDir directory_{nullptr};
  const std::string socket_path_ = directory_.path() + "/memcached";
  const std::vector<std::string> settings_;
  std::optional<ReservedPort> port_;
  std::unique_ptr<ServerProcess> process_;
  int connection_ = -1;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_MEMCACHED_SERVER_H_
