// MemcachedServer: a Memcached server of a test's own, on a unix socket or on
// 127.0.0.1 (memcached listens on one of them).

#ifndef APPCACHE_TESTS_SERVERS_MEMCACHED_SERVER_H_
#define APPCACHE_TESTS_SERVERS_MEMCACHED_SERVER_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/servers/reserved_port.h"
#include "tests/servers/test_server.h"

namespace appcache {

class MemcachedServer final : public TestServer {
 public:
  enum class Listen { kUnix, kTcp };

  // `settings` are further arguments of memcached. socket_path() REQUIRES
  // Listen::kUnix, and port() Listen::kTcp.
  explicit MemcachedServer(std::vector<std::string> settings = {},
                           Listen listen = Listen::kUnix);
  ~MemcachedServer() override;

  int port() const override;

  // Runs a command and returns the reply without the end of its last line:
  // "STORED", "VALUE k 0 1\r\nv\r\nEND". "set k 0 0 1\r\nv" is one command.
  std::string Run(const std::string& command);

  // A figure of the reply to stats; -1 if it is not in there.
  int64_t Stat(const std::string& name);

  // A line for each item: "key=... exp=... ...". Repeats the command while the
  // server is busy with a listing of its own.
  std::string Listing();

  void Start() override;
  // Whole seconds.
  void PassTime(std::chrono::milliseconds time) override;
  int64_t OpenConnections() override;
  int64_t AcceptedConnections() override;

 private:
  int Connect() const;
  void Disconnect() override;

  const std::vector<std::string> settings_;
  std::optional<ReservedPort> port_;
  int connection_ = -1;
  // The figures after Start: memcached counts its listening sockets too.
  int64_t open_at_start_ = 0;
  int64_t accepted_at_start_ = 0;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_MEMCACHED_SERVER_H_
