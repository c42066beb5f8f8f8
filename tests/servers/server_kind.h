// ServerKind: what the tests of this folder that every cache on a server must
// pass need to know of one kind of server.
//
// A folder of tests defines its ServerKind and instantiates the suites of
// failure_tests.h, pool_tests.h and fault_tests.h with it:
//
//   INSTANTIATE_TEST_SUITE_P(Redis, ServerPoolTest,
//                            testing::Values(RedisKind()), NameOfKind);

#ifndef APPCACHE_TESTS_SERVERS_SERVER_KIND_H_
#define APPCACHE_TESTS_SERVERS_SERVER_KIND_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/cache.h"
#include "appcache/error.h"
#include "tests/servers/test_server.h"

namespace appcache {

// The options that the caches on all kinds of servers have.
struct ClientOptions {
  // The server: a unix socket, or a host and a port if the path is empty.
  std::string unix_path;
  std::string host = "127.0.0.1";
  uint16_t port = 0;

  // Of a call, and of connecting. The default is enough on a busy machine.
  std::chrono::milliseconds timeout{60'000};
  size_t max_connections = 16;
  // The largest reply of Redis, the largest item of Memcached. Zero: the
  // default.
  uint64_t max_reply_bytes = 0;
};

// A reply to a get that is not valid, and words of the resulting message.
struct InvalidReply {
  std::string reply;
  std::string words;
};

struct ServerKind {
  // As in messages: "Redis", for "the Redis server localhost:6379". Letters
  // only, because it is also in the names of tests.
  std::string name;

  // Start a server that listens on a unix socket, or on a port of 127.0.0.1.
  std::function<std::unique_ptr<TestServer>()> start_on_socket;
  std::function<std::unique_ptr<TestServer>()> start_on_port;

  // Opens a cache.
  std::function<Result<std::unique_ptr<Cache>>(const ClientOptions& options)>
      open;

  // A value of this size does not fit into the buffers of a unix socket.
  size_t large_value_bytes = 1'000'000;

  // Replies to a get of the key "a", for a fake server: it does not exist; its
  // value is `value`; the beginning of a value of 100,000 bytes; none at all.
  std::string miss_reply;
  std::function<std::string(std::string_view value)> hit_reply;
  std::string partial_reply;
  std::vector<InvalidReply> invalid_replies;
};

// For GoogleTest.
inline void PrintTo(const ServerKind& kind, std::ostream* out) {
  *out << kind.name;
}
inline std::string NameOfKind(const testing::TestParamInfo<ServerKind>& info) {
  return info.param.name;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_SERVER_KIND_H_
