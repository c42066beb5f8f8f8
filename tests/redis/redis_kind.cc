#include "tests/redis/redis_kind.h"

#include <memory>
#include <string>
#include <utility>

#include "appcache/redis_cache.h"
#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

std::unique_ptr<TestServer> Start() { return std::make_unique<RedisServer>(); }

Result<std::unique_ptr<Cache>> Open(const ClientOptions& client) {
  RedisCacheOptions options;
  options.unix_path = client.unix_path;
  options.host = client.host;
  options.port = client.port;
  options.timeout = client.timeout;
  options.connect_timeout = client.timeout;
  options.max_connections = client.max_connections;
  if (client.max_reply_bytes != 0) {
    options.max_reply_bytes = client.max_reply_bytes;
  }
  RedisCache::Opened opened = RedisCache::Open(std::move(options));
  if (!opened.ok()) return opened.status();
  return std::unique_ptr<Cache>(*std::move(opened));
}

std::string HitReply(std::string_view value) {
  return "$" + std::to_string(value.size()) + "\r\n" + std::string(value) +
         "\r\n";
}

}  // namespace

ServerKind RedisKind() {
  ServerKind kind;
  kind.name = "Redis";
  kind.start_on_socket = Start;
  kind.start_on_port = Start;
  kind.open = Open;
  kind.large_value_bytes = 8 << 20;
  kind.miss_reply = "$-1\r\n";
  kind.hit_reply = HitReply;
  kind.partial_reply = "$100000\r\n";
  const std::string malformed =
      "sent an invalid protocol reply: not a Redis server, or TLS is required";
  const std::string unexpected =
      "sent an unexpected reply; is it a Redis server?";
  kind.invalid_replies = {{"HTTP/1.1 400 Bad Request\r\n\r\n", malformed},
                          {"END\r\n", malformed},
                          {"VALUE a 0 1\r\nx\r\nEND\r\n", malformed},
                          {"$x\r\n", malformed},
                          {"+PONG\r\n", unexpected},
                          {":1\r\n", unexpected},
                          {"*1\r\n$1\r\nx\r\n", unexpected}};
  return kind;
}

}  // namespace appcache
