// RedisCache when the server refuses, goes away, hangs, or comes back.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/redis/redis_cache.h"
#include "tests/servers/call_times.h"
#include "tests/servers/impostor.h"
#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// The whole test waits for it, where the server hangs.
constexpr milliseconds kTimeout{100};

std::unique_ptr<RedisCache> Open(const RedisServer& server,
                                 RedisCacheOptions options = {}) {
  options.unix_path = server.socket_path();
  RedisCache::Opened opened = RedisCache::Open(std::move(options));
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return *std::move(opened);
}

void ExpectError(const Status& status, ErrorCode code,
                 const std::string& words) {
  EXPECT_TRUE(status.Is(code)) << status.ToString();
  EXPECT_NE(status.ToString().find(words), std::string::npos)
      << status.ToString();
}

std::string ValueOf(Cache& cache, std::string_view path) {
  const Lookup<Bytes> found = cache.GetRaw(path);
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}

TEST(RedisOptionsTest, OutOfRangeAreAnInvalidArgumentThatSaysWhich) {
  const auto refused = [](auto change, const std::string& words) {
    RedisCacheOptions options;
    change(options);
    ExpectError(RedisCache::Open(options).status(), ErrorCode::kInvalidArgument,
                words);
  };
  refused([](auto& o) { o.timeout = milliseconds(0); }, "timeout is 0 ms");
  refused([](auto& o) { o.connect_timeout = milliseconds(-1); },
          "connect_timeout is -1 ms");
  refused([](auto& o) { o.max_connections = 0; }, "max_connections is 0");
  refused([](auto& o) { o.host = ""; }, "host is empty");
  refused([](auto& o) { o.port = 0; }, "port zero");
  refused([](auto& o) { o.host = std::string("a\0b", 3); }, "NUL");
  refused([](auto& o) { o.user = "u"; }, "no password");
  refused([](auto& o) { o.cache.log = nullptr; }, "log sink is null");
}

TEST(RedisAwayTest, IsUnavailableAndThereWhenTheServerIs) {
  RedisServer server;
  server.Kill();
  const auto cache = Open(server);
  ExpectError(cache->GetRaw("a").status(), ErrorCode::kUnavailable,
              "cannot connect to the Redis server " + server.socket_path());
  server.Start();
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
}

TEST(RedisAwayTest, AHostWithoutAServerIsUnavailable) {
  RedisServer server;
  RedisCacheOptions options;
  options.host = "127.0.0.1";
  options.port = static_cast<uint16_t>(server.port());
  server.Kill();
  const auto cache = RedisCache::Open(options);
  ExpectError(
      (*cache)->SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
      "127.0.0.1:" + std::to_string(server.port()) + ": Connection refused");
  options.host = "no.such.host.invalid";
  const auto nowhere = RedisCache::Open(options);
  ExpectError((*nowhere)->GetRaw("a").status(), ErrorCode::kUnavailable,
              "no.such.host.invalid");
  options.unix_path = std::string(200, 'x');
  const auto too_long = RedisCache::Open(options);
  ExpectError((*too_long)->GetRaw("a").status(), ErrorCode::kUnavailable,
              "at most 107 bytes");
}

// Each of these finds a connection that the old server has closed.
TEST(RedisRestartTest, TheNextCallGoesToTheNewServer) {
  RedisServer server;
  const auto cache = Open(server);
  const auto restart = [&] {
    ASSERT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
    server.Kill();
    server.Start();
  };
  restart();
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
  restart();
  EXPECT_TRUE(cache->SetRaw("b", "v", kNoTtl).ok());
  restart();
  EXPECT_TRUE(cache->InvalidateRaw("a").ok());
  restart();
  EXPECT_EQ(cache->GetManyRaw(std::vector<std::string_view>{"a", "b"}).size(),
            2u);
  restart();
  EXPECT_TRUE(cache->TtlRaw("a").status().ok());
  restart();
  EXPECT_TRUE(cache->GetTimedRaw("a").status().ok());
  restart();
  for (const auto& found :
       cache->GetManyTimedRaw(std::vector<std::string_view>{"a", "b"})) {
    EXPECT_TRUE(found.status().ok());
  }
}

// It may have been done: the caller has to say it again.
TEST(RedisRestartTest, AClearIsNotRepeated) {
  RedisServer server;
  const auto cache = Open(server);
  ASSERT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  server.Kill();
  server.Start();
  ExpectError(cache->Clear(), ErrorCode::kUnavailable, "closed the connection");
  EXPECT_TRUE(cache->Clear().ok());
}

// The default of a program: SIGPIPE would end it, and this test.
TEST(RedisRestartTest, AServerThatGoesAwayEndsNoProgram) {
  RedisServer server;
  const auto cache = Open(server);
  const std::string large(8 << 20, 'x');
  ASSERT_TRUE(cache->SetRaw("a", large, kNoTtl).ok());
  server.Kill();
  EXPECT_TRUE(cache->SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(cache->SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
}

class FrozenRedisTest : public testing::Test {
 protected:
  FrozenRedisTest() {
    RedisCacheOptions options;
    options.timeout = kTimeout;
    cache_ = Open(server_, options);
    EXPECT_TRUE(cache_->SetRaw("a", "value of a", kNoTtl).ok());
    EXPECT_TRUE(cache_->SetRaw("b", "value of b", kNoTtl).ok());
  }

  RedisServer server_;
  std::unique_ptr<RedisCache> cache_;
};

TEST_F(FrozenRedisTest, EveryCallEndsInTime) {
  const std::string large(1'000'000, 'x');
  server_.Freeze();
  ExpectTimesOut(kTimeout, [&] { return cache_->GetRaw("a").status(); });
  ExpectTimesOut(kTimeout, [&] { return cache_->SetRaw("a", "v", kNoTtl); });
  ExpectTimesOut(kTimeout, [&] { return cache_->SetRaw("a", large, kNoTtl); });
  ExpectTimesOut(kTimeout, [&] { return cache_->Clear(); });
  server_.Thaw();
}

// The answer to the first is on its way when the second is asked.
TEST_F(FrozenRedisTest, ALateAnswerIsNobodys) {
  server_.Freeze();
  EXPECT_TRUE(cache_->GetRaw("a").status().Is(ErrorCode::kTimeout));
  server_.Thaw();
  EXPECT_EQ(ValueOf(*cache_, "b"), "value of b");
  EXPECT_EQ(ValueOf(*cache_, "a"), "value of a");
}

// It is repeated, as after a restart, but has no other time than the first.
TEST(RedisImpostorTest, ARepetitionHasWhatIsLeftOfTheTime) {
  RedisServer server;
  server.Kill();
  unlink(server.socket_path().c_str());
  RedisCacheOptions options;
  options.timeout = kTimeout;
  const auto cache = Open(server, options);
  ExpectTimesOut(kTimeout, [&] {
    const Impostor impostor(server.socket_path());
    const std::jthread once = impostor.Stall("$-1\r\n", kTimeout * 6 / 10);
    EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
    return cache->GetRaw("a").status();
  });
}

TEST(RedisRefusalTest, APasswordThatIsMissingOrWrongIsSaidAndNotShown) {
  RedisServer server({"--requirepass", "s3cret"});
  const auto without = Open(server);
  ExpectError(without->GetRaw("a").status(), ErrorCode::kUnavailable,
              "NOAUTH: it wants a password");
  RedisCacheOptions options;
  options.password = "gu3ss";
  const auto wrong = Open(server, options);
  const Status refused = wrong->SetRaw("a", "v", kNoTtl);
  ExpectError(refused, ErrorCode::kUnavailable,
              "WRONGPASS: it refused the user or the password");
  EXPECT_EQ(refused.ToString().find("gu3ss"), std::string::npos);
  options.password = "s3cret";
  EXPECT_TRUE(Open(server, options)->SetRaw("a", "v", kNoTtl).ok());
}

TEST(RedisRefusalTest, AUserMayDoWhatHeMay) {
  RedisServer server;
  EXPECT_EQ(server.Run("ACL SETUSER reader on >pw ~pyappcache/* +get"), "OK");
  RedisCacheOptions options;
  options.user = "reader";
  options.password = "pw";
  const auto cache = Open(server, options);
  EXPECT_EQ(ValueOf(*cache, "pyappcache/a"), "<miss>");
  ExpectError(cache->SetRaw("pyappcache/a", "v", kNoTtl),
              ErrorCode::kUnsupported, "NOPERM");
  ExpectError(cache->GetRaw("other").status(), ErrorCode::kUnsupported,
              "NOPERM");
}

// Each of the commands may be what he may not.
TEST(RedisRefusalTest, ATimedGetWithoutItsTransactionIsAnError) {
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

TEST(RedisRefusalTest, ADatabaseThatIsNotThereIsAnInvalidArgument) {
  RedisServer server;
  RedisCacheOptions options;
  options.database = 99;
  ExpectError(Open(server, options)->GetRaw("a").status(),
              ErrorCode::kInvalidArgument, "no database of that number");
}

TEST(RedisRefusalTest, AFullServerIsFull) {
  RedisServer server({"--maxmemory", "1", "--maxmemory-policy", "noeviction"});
  const auto cache = Open(server);
  ExpectError(cache->SetRaw("a", "v", kNoTtl), ErrorCode::kFull, "maxmemory");
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
}

TEST(RedisRefusalTest, AReplicaIsReadOnly) {
  RedisServer server({"--replicaof", "127.0.0.1 1"});
  const auto cache = Open(server);
  ExpectError(cache->SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
              "READONLY: it is a read-only replica");
}

TEST(RedisRefusalTest, ANodeOfAClusterIsSaid) {
  RedisServer server({"--cluster-enabled", "yes"});
  const auto cache = Open(server);
  ExpectError(cache->GetRaw("a").status(), ErrorCode::kUnavailable,
              "CLUSTERDOWN");
}

TEST(RedisRefusalTest, ABusyServerIsBusy) {
  RedisServer server({"--busy-reply-threshold", "1"});
  RedisCacheOptions options;
  options.timeout = milliseconds(60'000);
  const auto cache = Open(server, options);
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
  // Runs until it is killed.
  std::jthread script([&] {
    EXPECT_EQ(server.Run({"EVAL", "while true do end", "0"}).substr(0, 4),
              "-ERR");
  });
  Status status;
  while (status.ok()) status = cache->GetRaw("a").status();
  ExpectError(status, ErrorCode::kBusy, "BUSY: it is busy running a script");
  EXPECT_EQ(server.RunApart("SCRIPT KILL"), "OK");
}

}  // namespace
}  // namespace appcache
