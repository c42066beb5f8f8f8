// RedisCache when its server fails or refuses commands.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "appcache/redis_cache.h"
#include "tests/redis/redis_kind.h"
#include "tests/servers/call_times.h"
#include "tests/servers/failure_tests.h"
#include "tests/servers/hostile_server.h"
#include "tests/servers/redis_server.h"
#include "tests/servers/results.h"
#include "tests/support/await.h"

namespace appcache::redis_failure_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Redis, ServerFailureTest, testing::Values(RedisKind()),
                         NameOfKind);

std::shared_ptr<Backend> Open(const RedisServer& server,
                              RedisCacheOptions options = {}) {
  options.unix_path = server.socket_path();
  options.timeout = options.connect_timeout = kPatience;
  RedisCache::Opened opened = RedisCache::Open(std::move(options));
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return (*opened)->backend();
}

TEST(RedisRefusalTest, MissingOrWrongPasswordIsReportedAndNotShown) {
  RedisServer server({"--requirepass", "s3cret"});
  const auto without = Open(server);
  ExpectError(without->GetRaw("a").status(), ErrorCode::kUnavailable,
              "NOAUTH: it requires a password");
  RedisCacheOptions options;
  options.password = "gu3ss";
  const auto wrong = Open(server, options);
  const Status refused = wrong->SetRaw("a", "v", kNoTtl);
  ExpectError(refused, ErrorCode::kUnavailable,
              "WRONGPASS: it rejected the user or the password");
  EXPECT_EQ(refused.ToString().find("gu3ss"), std::string::npos);
  options.password = "s3cret";
  EXPECT_TRUE(Open(server, options)->SetRaw("a", "v", kNoTtl).ok());
}

TEST(RedisRefusalTest, CommandWithoutPermissionIsUnsupported) {
  RedisServer server;
  EXPECT_EQ(server.Run("ACL SETUSER reader on >pw ~pyappcache/* +get"), "OK");
  RedisCacheOptions options;
  options.user = "reader";
  options.password = "pw";
  const auto cache = Open(server, options);
  EXPECT_EQ(ValueAt(*cache, "pyappcache/a"), "<miss>");
  ExpectError(cache->SetRaw("pyappcache/a", "v", kNoTtl),
              ErrorCode::kUnsupported, "NOPERM");
  ExpectError(cache->GetRaw("other").status(), ErrorCode::kUnsupported,
              "NOPERM");
}

// Each command of the transaction may be the one that is not permitted.
TEST(RedisRefusalTest, TimedGetWithoutPermissionForItsTransactionFails) {
  for (const std::string_view allowed :
       {"+get +pttl", "+get +multi +exec", "+pttl +multi +exec"}) {
    RedisServer server;
    EXPECT_EQ(server.Run("SET a v"), "OK");
    EXPECT_EQ(
        server.Run("ACL SETUSER reader on >pw ~* " + std::string(allowed)),
        "OK");
    RedisCacheOptions options;
    options.user = "reader";
    options.password = "pw";
    options.max_connections = 1;
    const auto cache = Open(server, options);
    for (int i = 0; i < 2; ++i) {
      ExpectError(cache->GetTimedRaw("a").status(), ErrorCode::kUnsupported,
                  "NOPERM");
    }
    const std::vector<std::string_view> paths = {"a", "b"};
    ExpectError(cache->GetManyTimedRaw(paths)[1].status(),
                ErrorCode::kUnsupported, "NOPERM");
  }
}

TEST(RedisRefusalTest, DatabaseOutOfRangeIsAnInvalidArgument) {
  RedisServer server;
  RedisCacheOptions options;
  options.database = 99;
  ExpectError(Open(server, options)->GetRaw("a").status(),
              ErrorCode::kInvalidArgument,
              "the database number is out of range");
}

TEST(RedisRefusalTest, ServerThatMayNotEvictIsFull) {
  RedisServer server({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  const auto cache = Open(server);
  ExpectError(cache->SetRaw("a", "v", kNoTtl), ErrorCode::kFull, "maxmemory");
  EXPECT_EQ(ValueAt(*cache, "a"), "<miss>");
}

TEST(RedisRefusalTest, ReplicaIsUnavailableForWrites) {
  RedisServer server({"--replicaof", "127.0.0.1 1"});
  const auto cache = Open(server);
  ExpectError(cache->SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
              "READONLY: it is a read-only replica");
}

TEST(RedisRefusalTest, NodeOfABrokenClusterIsUnavailable) {
  RedisServer server({"--cluster-enabled", "yes"});
  const auto cache = Open(server);
  ExpectError(cache->GetRaw("a").status(), ErrorCode::kUnavailable,
              "CLUSTERDOWN");
}

// A walk has a connection of its own, with a login to which nobody replies.
TEST(RedisTimeoutTest, WalkConnectsWithinTheTimeoutOfACall) {
  constexpr std::chrono::milliseconds kTimeout{100};
  const HostileServer silent(
      {.name = "Nothing", .beginning = "", .pace = Attack::Pace::kDrip});
  RedisCacheOptions options;
  options.unix_path = silent.socket_path();
  options.password = "pw";
  options.timeout = kTimeout;
  options.connect_timeout = 20 * kTimeout;
  const auto backend = (*RedisCache::Open(std::move(options)))->backend();
  ExpectTimesOut(kTimeout, [&] {
    return backend->WalkRaw({}, [](const WalkedEntry&) { return true; });
  });
}

// --- Replies that do not belong to their commands.

// The first request on each connection gets `first`, and the second one a
// value.
class OutOfStepServer {
 public:
  explicit OutOfStepServer(const std::string& first)
      : server_({.name = "Late",
                 .beginning = "$4\r\nlate\r\n",
                 .pace = Attack::Pace::kOnce},
                {first}) {}

  std::shared_ptr<Backend> Open() const {
    RedisCacheOptions options;
    options.unix_path = server_.socket_path();
    options.timeout = options.connect_timeout = kPatience;
    options.max_connections = 1;
    options.max_reply_bytes = kMaxReplyBytes;
    return (*RedisCache::Open(std::move(options)))->backend();
  }

  static constexpr uint64_t kMaxReplyBytes = uint64_t{64} << 10;

 private:
  const HostileServer server_;
};

// A reply for each command of the request, so that nothing else shows that the
// server is out of step.
TEST(RedisOutOfStepTest, ConnectionWithAnUnexpectedReplyIsNotUsedAgain) {
  using Operation = std::function<Status(Backend&)>;
  const std::vector<std::string_view> paths = {"a", "b"};
  const std::string large(OutOfStepServer::kMaxReplyBytes + 1, 'x');
  const std::vector<RawEntry> entries = {{"a", "v"}, {"b", large}};
  const Operation get = [](auto& b) { return b.GetRaw("a").status(); };
  const Operation get_many = [&](auto& b) {
    return b.GetManyRaw(paths)[1].status();
  };
  const Operation get_timed = [](auto& b) {
    return b.GetTimedRaw("a").status();
  };
  const Operation get_many_timed = [&](auto& b) {
    return b.GetManyTimedRaw(paths)[1].status();
  };
  const Operation set = [](auto& b) { return b.SetRaw("a", "v", kNoTtl); };
  const Operation set_large = [&](auto& b) {
    return b.SetRaw("a", large, kNoTtl);
  };
  const Operation set_many = [&](auto& b) { return b.SetManyRaw(entries); };
  const std::string queued = "+OK\r\n+QUEUED\r\n+QUEUED\r\n";
  const struct {
    const char* name;
    Operation operation;
    std::string replies;
  } cases[] = {
      {"get", get, ":1\r\n"},
      {"get many, type", get_many, ":1\r\n"},
      {"get many, size", get_many, "*1\r\n$1\r\nx\r\n"},
      {"get many, type of a value", get_many, "*2\r\n:1\r\n$1\r\nx\r\n"},
      {"timed get, MULTI", get_timed, ":1\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n"},
      {"timed get, EXEC", get_timed, queued + ":1\r\n"},
      {"timed get, size", get_timed, queued + "*1\r\n$1\r\nx\r\n"},
      {"timed get, type of a value", get_timed, queued + "*2\r\n:1\r\n:1\r\n"},
      {"timed get, type of a ttl", get_timed,
       queued + "*2\r\n$1\r\nx\r\n+OK\r\n"},
      {"timed get many, number of values", get_many_timed,
       queued + "+QUEUED\r\n*3\r\n*1\r\n$1\r\nx\r\n:1\r\n:1\r\n"},
      {"ttl", [](auto& b) { return b.TtlRaw("a").status(); }, "+OK\r\n"},
      {"set, array", set, "*1\r\n$1\r\nx\r\n"},
      {"set, the reply to a DEL", set, ":1\r\n"},
      {"DEL, the reply to a set", set_large, "+OK\r\n"},
      {"set many, exchanged", set_many, ":1\r\n+OK\r\n"},
      {"set many, the second", set_many, "+OK\r\n+OK\r\n"},
      {"add", [](auto& b) { return b.AddRaw("a", "v", kNoTtl).status(); },
       ":1\r\n"},
      {"invalidate", [](auto& b) { return b.InvalidateRaw("a"); }, "+OK\r\n"},
      {"prefix, DEL", [](auto& b) { return b.InvalidatePrefixRaw("a"); },
       "*2\r\n$1\r\n0\r\n*0\r\n*2\r\n$1\r\n0\r\n*0\r\n"},
      {"prefix, SCAN", [](auto& b) { return b.InvalidatePrefixRaw("a"); },
       ":0\r\n:0\r\n"},
      {"set ttl", [](auto& b) { return b.SetTtlRaw("a", Ttl(9)).status(); },
       "+OK\r\n"},
      {"clear", [](auto& b) { return b.ClearRaw(); }, ":1\r\n"},
      {"ping, PING", [](auto& b) { return b.Ping().status(); },
       ":1\r\n$1\r\nx\r\n"},
      {"ping, INFO", [](auto& b) { return b.Ping().status(); },
       "+PONG\r\n:1\r\n"},
  };
  for (const auto& [name, operation, replies] : cases) {
    SCOPED_TRACE(name);
    const OutOfStepServer server(replies);
    const auto backend = server.Open();
    ExpectError(operation(*backend), ErrorCode::kUnavailable,
                "sent an unexpected reply");
    // On the same connection, it would get the value.
    ExpectError(backend->GetRaw("c").status(), ErrorCode::kUnavailable,
                "sent an unexpected reply");
  }
}

TEST(RedisOutOfStepTest, ConnectionWithAnErrorReplyIsUsedAgain) {
  const OutOfStepServer server("-OOM of maxmemory\r\n");
  const auto backend = server.Open();
  ExpectError(backend->SetRaw("a", "v", kNoTtl), ErrorCode::kFull, "OOM");
  EXPECT_EQ(ValueAt(*backend, "b"), "late");
}

// The first is the reply of Redis 3.2.
TEST(RedisClearTest, ServerWithoutAsyncIsClearedAllTheSame) {
  for (const char* const refusal :
       {"-ERR wrong number of arguments for 'flushdb' command\r\n",
        "-ERR syntax error\r\n"}) {
    const HostileServer old(
        {.name = "Ok", .beginning = "+OK\r\n", .pace = Attack::Pace::kOnce},
        {refusal});
    RedisCacheOptions options;
    options.unix_path = old.socket_path();
    options.timeout = options.connect_timeout = kPatience;
    const Status status = (*RedisCache::Open(options))->Clear();
    EXPECT_TRUE(status.ok()) << status.ToString();
  }
}

// The time that it takes does not depend on the number of keys.
TEST(RedisClearTest, ServerFreesTheMemoryAfterwards) {
  RedisServer server({"--enable-debug-command", "yes"});
  EXPECT_EQ(server.Run("DEBUG POPULATE 1000"), "OK");
  EXPECT_TRUE(Open(server)->ClearRaw().ok());
  EXPECT_EQ(server.Run("DBSIZE"), ":0");
  EXPECT_TRUE(Await(
      [&] { return server.Info("memory", "lazyfreed_objects") >= 1000; }));
}

// It could control a terminal.
TEST(RedisPingTest, VersionHasNoControlCharacters) {
  const HostileServer server({.name = "Version",
                              .beginning =
                                  "+PONG\r\n$28\r\nredis_version:7.0\x1b"
                                  "[2J\x07 yes\r\n\r\n",
                              .pace = Attack::Pace::kOnce});
  RedisCacheOptions options;
  options.unix_path = server.socket_path();
  options.timeout = options.connect_timeout = kPatience;
  const Result<std::string> version = (*RedisCache::Open(options))->Ping();
  ASSERT_TRUE(version.ok()) << version.status().ToString();
  EXPECT_EQ(*version, "Redis 7.0");
}

TEST(RedisRefusalTest, ServerThatRunsAScriptIsBusy) {
  RedisServer server({"--busy-reply-threshold", "1"});
  const auto cache = Open(server);
  EXPECT_EQ(ValueAt(*cache, "a"), "<miss>");
  // The script runs until SCRIPT KILL.
  std::jthread script([&] {
    EXPECT_EQ(server.Run({"EVAL", "while true do end", "0"}).substr(0, 4),
              "-ERR");
  });
  Status status;
  Await([&] {
    status = cache->GetRaw("a").status();
    return !status.ok();
  });
  ExpectError(status, ErrorCode::kBusy, "BUSY: it is busy running a script");
  EXPECT_EQ(server.RunApart("SCRIPT KILL"), "OK");
}

}  // namespace
}  // namespace appcache::redis_failure_test
