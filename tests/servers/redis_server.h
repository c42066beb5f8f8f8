// RedisServer: a Redis server of a test's own, on a unix socket.

#ifndef APPCACHE_TESTS_SERVERS_REDIS_SERVER_H_
#define APPCACHE_TESTS_SERVERS_REDIS_SERVER_H_

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/servers/reserved_port.h"
#include "tests/servers/server_process.h"
#include "tests/support/temp_dir.h"

struct redisContext;

namespace appcache {

class RedisServer {
 public:
  // With what redis-server takes on its command line, besides where it listens.
  // It keeps nothing on disk.
  explicit RedisServer(std::vector<std::string> settings = {});
  ~RedisServer();

  const std::string& socket_path() const { return socket_path_; }
  // Of the same server on 127.0.0.1.
  int port() const { return port_.number(); }

  // Runs a command past the cache, by hiredis: "OK", ":5", "(nil)", "-ERR ...",
  // a string as it is, an array as its elements in brackets.
  std::string Run(std::initializer_list<std::string_view> arguments);
  // The same with the words of `line`.
  std::string Run(const std::string& line);

  // On a connection of its own, beside a Run that has not ended.
  std::string RunApart(const std::string& line) const;

  // What passes of every ttl, in no time.
  void PassTime(std::chrono::milliseconds time);

  void Freeze() { process_->Freeze(); }
  void Thaw() { process_->Thaw(); }
  // kill -9; Start it again: it is empty then.
  void Kill();
  void Start();

 private:
  std::string Take(void* reply);
  void Disconnect();

  const TempDir directory_{nullptr};
  const std::string socket_path_ = directory_.path() + "/redis";
  const std::vector<std::string> settings_;
  const ReservedPort port_;
  std::unique_ptr<ServerProcess> process_;
  redisContext* context_ = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_REDIS_SERVER_H_
