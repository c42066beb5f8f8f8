// RedisServer: a Redis server of a test's own, on a unix socket and on
// 127.0.0.1.

#ifndef APPCACHE_TESTS_SERVERS_REDIS_SERVER_H_
#define APPCACHE_TESTS_SERVERS_REDIS_SERVER_H_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/servers/reserved_port.h"
#include "tests/servers/test_server.h"

struct redisContext;

namespace appcache {

class RedisServer final : public TestServer {
 public:
  // `settings` are further arguments of redis-server.
  explicit RedisServer(std::vector<std::string> settings = {});
  ~RedisServer() override;

  int port() const override { return port_.number(); }

  // Runs a command with hiredis and returns the reply: "OK", ":5", "(nil)",
  // "-ERR ...", the bytes of a string, the elements of an array in brackets.
  std::string Run(std::initializer_list<std::string_view> arguments);
  // The same with the words of `line`.
  std::string Run(const std::string& line);

  // The same on another connection, while a Run is in progress.
  std::string RunApart(const std::string& line) const;

  // A figure of the reply to INFO; -1 if it is not in there.
  int64_t Info(const std::string& section, const std::string& name);

  void Start() override;
  void PassTime(std::chrono::milliseconds time) override;
  int64_t OpenConnections() override;
  int64_t AcceptedConnections() override;

 private:
  void Disconnect() override;
  redisContext* Connected();
  std::string Take(void* reply);

  const std::vector<std::string> settings_;
  const ReservedPort port_;
  redisContext* context_ = nullptr;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_REDIS_SERVER_H_
