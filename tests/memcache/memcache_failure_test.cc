// MemcacheCache when a server goes away, hangs, comes back, or is none.

#include <gtest/gtest.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/memcache/memcache_cache.h"
#include "tests/servers/call_times.h"
#include "tests/servers/impostor.h"
#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// The whole test waits for it, where the server hangs.
constexpr milliseconds kTimeout{100};

std::unique_ptr<MemcacheCache> Open(const MemcachedServer& server,
                                    MemcacheCacheOptions options = {}) {
  options.servers[0].unix_path = server.socket_path();
  MemcacheCache::Opened opened = MemcacheCache::Open(std::move(options));
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return *std::move(opened);
}

std::unique_ptr<MemcacheCache> OpenWith(
    const MemcachedServer& server, size_t max_connections,
    milliseconds timeout = milliseconds(60'000)) {
  MemcacheCacheOptions options;
  options.max_connections = max_connections;
  options.timeout = timeout;
  return Open(server, options);
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

TEST(MemcacheOptionsTest, OutOfRangeAreAnInvalidArgumentThatSaysWhich) {
  const auto refused = [](auto change, const std::string& words) {
    MemcacheCacheOptions options;
    change(options);
    ExpectError(MemcacheCache::Open(options).status(),
                ErrorCode::kInvalidArgument, words);
  };
  refused([](auto& o) { o.timeout = milliseconds(0); }, "timeout is 0 ms");
  refused([](auto& o) { o.connect_timeout = milliseconds(-1); },
          "connect_timeout is -1 ms");
  refused([](auto& o) { o.max_connections = 0; }, "max_connections is 0");
  refused([](auto& o) { o.servers.clear(); }, "there are 0 servers");
  refused([](auto& o) { o.servers.resize(1001); }, "there are 1001 servers");
  refused([](auto& o) { o.servers[0].host = ""; }, "host is empty");
  refused([](auto& o) { o.servers[0].port = 0; }, "port zero");
  refused([](auto& o) { o.servers[0].host = std::string("a\0b", 3); }, "NUL");
  refused([](auto& o) { o.servers[0].weight = 0; }, "weight is 0");
  refused([](auto& o) { o.max_item_bytes = 1023; }, "max_item_bytes is 1023");
  refused([](auto& o) { o.max_item_bytes = (1 << 30) + 1; }, "1 GiB");
  refused([](auto& o) { o.cache.log = nullptr; }, "log sink is null");
  refused(
      [](auto& o) {
        o.servers.resize(2);
        o.servers[1].host = std::string(5000, 'h');
      },
      "libmemcached does not take");
}

// The same keys would be asked of one server over two pools, and it would have
// twice its share.
TEST(MemcacheOptionsTest, AServerThatIsGivenTwiceIsAnInvalidArgument) {
  const auto open = [](std::vector<MemcacheServer> servers) {
    MemcacheCacheOptions options;
    options.servers = std::move(servers);
    return MemcacheCache::Open(std::move(options)).status();
  };
  ExpectError(open({{"a", 1, "", 1}, {"b", 1, "", 1}, {"a", 1, "", 2}}),
              ErrorCode::kInvalidArgument,
              "the Memcached server a:1 is given twice");
  ExpectError(open({{"a", 1, "/run/a", 1}, {"b", 2, "/run/a", 1}}),
              ErrorCode::kInvalidArgument,
              "the Memcached server /run/a is given twice");
  EXPECT_TRUE(open({{"a", 1, "", 1},
                    {"a", 2, "", 1},
                    {"b", 1, "", 1},
                    {"a", 1, "/run/a", 1},
                    {"a", 1, "/run/b", 1}})
                  .ok());
}

TEST(MemcacheAwayTest, IsUnavailableAndThereWhenTheServerIs) {
  MemcachedServer server;
  server.Kill();
  const auto cache = Open(server);
  for (int i = 0; i < 3; ++i) {
    ExpectError(
        cache->GetRaw("a").status(), ErrorCode::kUnavailable,
        "cannot connect to the Memcached server " + server.socket_path());
  }
  EXPECT_EQ(cache->Ping().error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(cache->SetRaw("a", "v", kNoTtl).Is(ErrorCode::kUnavailable));
  server.Start();
  // At once: that it was away is not remembered.
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
}

TEST(MemcacheAwayTest, AHostWithoutAServerIsUnavailable) {
  MemcachedServer server({}, MemcachedServer::Listen::kTcp);
  MemcacheCacheOptions options;
  options.servers[0].host = "127.0.0.1";
  options.servers[0].port = static_cast<uint16_t>(server.port());
  const auto cache = *MemcacheCache::Open(options);
  EXPECT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(server.Run("get a"), "VALUE a 0 1\r\nv\r\nEND");
  server.Kill();
  ExpectError(
      cache->SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
      "127.0.0.1:" + std::to_string(server.port()) + ": Connection refused");
  options.servers[0].host = "no.such.host.invalid";
  const auto nowhere = *MemcacheCache::Open(options);
  ExpectError(nowhere->GetRaw("a").status(), ErrorCode::kUnavailable,
              "cannot find the Memcached server no.such.host.invalid");
}

// Each of these finds a connection that the old server has closed.
TEST(MemcacheRestartTest, TheNextCallGoesToTheNewServer) {
  MemcachedServer server;
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
  for (const auto& found :
       cache->GetManyRaw(std::vector<std::string_view>{"a", "b"})) {
    EXPECT_TRUE(found.status().ok());
  }
  restart();
  EXPECT_TRUE(cache->TtlRaw("a").status().ok());
  restart();
  for (const auto& found :
       cache->GetManyTimedRaw(std::vector<std::string_view>{"a", "b"})) {
    EXPECT_TRUE(found.status().ok());
  }
  restart();
  EXPECT_TRUE(cache->Ping().ok());
}

// Done twice it would find what it has added itself.
TEST(MemcacheRestartTest, AnAddIsNotRepeated) {
  MemcachedServer server;
  const auto cache = Open(server);
  ASSERT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  server.Kill();
  server.Start();
  EXPECT_EQ(cache->AddRaw("a", "v", kNoTtl).error().code,
            ErrorCode::kUnavailable);
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
  EXPECT_TRUE(*cache->AddRaw("a", "v", kNoTtl));
}

// It may have been done: the caller has to say it again.
TEST(MemcacheRestartTest, AClearIsNotRepeated) {
  MemcachedServer server;
  const auto cache = Open(server);
  ASSERT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  server.Kill();
  server.Start();
  ExpectError(cache->Clear(), ErrorCode::kUnavailable, "closed the connection");
  EXPECT_TRUE(cache->Clear().ok());
}

// The default of a program: SIGPIPE would end it, and this test.
TEST(MemcacheRestartTest, AServerThatGoesAwayEndsNoProgram) {
  MemcachedServer server;
  const auto cache = Open(server);
  const std::string large(1'000'000, 'x');
  ASSERT_TRUE(cache->SetRaw("a", large, kNoTtl).ok());
  server.Kill();
  EXPECT_TRUE(cache->SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(cache->SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
}

class FrozenMemcacheTest : public testing::Test {
 protected:
  FrozenMemcacheTest() {
    EXPECT_TRUE(cache_->SetRaw("a", "value of a", kNoTtl).ok());
    EXPECT_TRUE(cache_->SetRaw("b", "value of b", kNoTtl).ok());
  }

  MemcachedServer server_;
  std::unique_ptr<MemcacheCache> cache_ = OpenWith(server_, 4, kTimeout);
};

TEST_F(FrozenMemcacheTest, EveryCallEndsInTime) {
  const std::string large(1'000'000, 'x');
  server_.Freeze();
  ExpectTimesOut(kTimeout, [&] { return cache_->GetRaw("a").status(); });
  ExpectTimesOut(kTimeout, [&] { return cache_->SetRaw("a", "v", kNoTtl); });
  ExpectTimesOut(kTimeout, [&] { return cache_->SetRaw("a", large, kNoTtl); });
  const std::vector<std::string_view> paths = {"a", "b"};
  ExpectTimesOut(kTimeout,
                 [&] { return cache_->GetManyRaw(paths)[1].status(); });
  ExpectTimesOut(kTimeout, [&] { return cache_->Clear(); });
  server_.Thaw();
}

std::atomic<int> signals{0};

TEST_F(FrozenMemcacheTest, ASignalEndsNoWait) {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) { ++signals; };  // without SA_RESTART
  ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
  const itimerval every_ms = {{0, 1000}, {0, 1000}};
  const itimerval never = {};
  server_.Freeze();
  ASSERT_EQ(setitimer(ITIMER_REAL, &every_ms, nullptr), 0);
  ExpectTimesOut(kTimeout, [&] { return cache_->GetRaw("a").status(); });
  ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
  EXPECT_GT(signals, 0);
  server_.Thaw();
  ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
}

// The answer to the first is on its way when the second is asked.
TEST_F(FrozenMemcacheTest, ALateAnswerIsNobodys) {
  server_.Freeze();
  EXPECT_TRUE(cache_->GetRaw("a").status().Is(ErrorCode::kTimeout));
  server_.Thaw();
  EXPECT_EQ(ValueOf(*cache_, "b"), "value of b");
  EXPECT_EQ(ValueOf(*cache_, "a"), "value of a");
}

TEST(MemcacheImpostorTest, WhatIsNoReplyToTheRequestIsSaidAndNeverAValue) {
  MemcachedServer server;
  server.Kill();
  unlink(server.socket_path().c_str());
  const Impostor impostor(server.socket_path());
  const auto cache = OpenWith(server, 4);
  for (const std::string_view answer :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "+PONG\r\n", "STORED\r\n",
        "VALUE other 0 1\r\nx\r\nEND\r\n", "VALUE a 0 1\r\nxyz\r\nEND\r\n",
        "HD t1\r\n", "VALUE a 0 1\r\nx\r\nVALUE b 0 1\r\nx\r\nEND\r\n"}) {
    const std::jthread once = impostor.Answer(answer);
    const Lookup<Bytes> found = cache->GetRaw("a");
    ASSERT_FALSE(found.is_hit()) << answer;
    ExpectError(found.status(), ErrorCode::kUnavailable,
                "does not answer as one; is it a Memcached server");
  }
  for (const std::string_view answer :
       {"VA 1 kb t1\r\nx\r\n", "VA 1 t1\r\nx\r\n", "VA 1 ka\r\nx\r\n",
        "VA 1 ka t\r\nx\r\n", "VA 1 ka t1x\r\nx\r\n", "HD ka t1\r\n",
        "EN kb\r\n", "VALUE a 0 1\r\nx\r\n"}) {
    const std::jthread once = impostor.Answer(answer);
    const Lookup<TimedBytes> found = cache->GetTimedRaw("a");
    ASSERT_FALSE(found.is_hit()) << answer;
    ExpectError(found.status(), ErrorCode::kUnavailable,
                "does not answer as one; is it a Memcached server");
  }
  {
    const std::jthread once = impostor.Answer("EN\r\n");
    EXPECT_TRUE(cache->GetTimedRaw("a").status().ok());
  }
  {
    const std::jthread once = impostor.Answer("VALUE a 0 9999999\r\n");
    ExpectError(cache->GetRaw("a").status(), ErrorCode::kTooLarge,
                "max_item_bytes");
  }
  {
    const std::jthread once = impostor.Answer("END\r\n");
    ExpectError(cache->SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
                "does not answer as one");
  }
  {
    const std::jthread once = impostor.Answer("ERROR\r\n");
    ExpectError(cache->TtlRaw("a").status(), ErrorCode::kUnsupported,
                "does not know the command");
  }
  {
    const std::jthread once = impostor.Answer("ERROR\r\n");
    ExpectError(cache->GetTimedRaw("a").status(), ErrorCode::kUnsupported,
                "does not know the command");
  }
}

// Each byte comes in time, and the value never does.
TEST(MemcacheImpostorTest, AServerThatDribblesDoesNotProlongTheCall) {
  MemcachedServer server;
  server.Kill();
  unlink(server.socket_path().c_str());
  const Impostor impostor(server.socket_path());
  const auto cache = OpenWith(server, 4, kTimeout);
  ExpectTimesOut(kTimeout, [&] {
    const std::jthread once = impostor.Dribble("VALUE a 0 100000\r\n");
    return cache->GetRaw("a").status();
  });
}

// It is repeated, as after a restart, but has no other time than the first.
TEST(MemcacheImpostorTest, ARepetitionHasWhatIsLeftOfTheTime) {
  MemcachedServer server;
  server.Kill();
  unlink(server.socket_path().c_str());
  const auto cache = OpenWith(server, 4, kTimeout);
  ExpectTimesOut(kTimeout, [&] {
    const Impostor impostor(server.socket_path());
    const std::jthread once = impostor.Stall("END\r\n", kTimeout * 6 / 10);
    EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
    return cache->GetRaw("a").status();
  });
}

// What comes behind the reply would be taken for the next one's.
TEST(MemcacheImpostorTest, AReplyTooManyIsNobodys) {
  MemcachedServer server;
  server.Kill();
  unlink(server.socket_path().c_str());
  const Impostor impostor(server.socket_path());
  const auto cache = OpenWith(server, 4);
  {
    const std::jthread once =
        impostor.Answer("END\r\nVALUE a 0 1\r\nx\r\nEND\r\n");
    EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
  }
  const std::jthread once = impostor.Answer("VALUE a 0 1\r\ny\r\nEND\r\n");
  EXPECT_EQ(ValueOf(*cache, "a"), "y");
}

}  // namespace
}  // namespace appcache
