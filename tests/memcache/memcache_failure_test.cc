// MemcacheCache when a server is down, hangs, restarts, or is not Memcached.

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

#include "appcache/memcache_cache.h"
#include "tests/servers/call_times.h"
#include "tests/servers/impostor.h"
#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

// Tests wait this long where the server hangs.
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
  const Lookup<Bytes> found = cache.backend()->GetRaw(path);
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}

TEST(MemcacheDownTest, IsUnavailableUntilTheServerStarts) {
  MemcachedServer server;
  server.Kill();
  const auto cache = Open(server);
  for (int i = 0; i < 3; ++i) {
    ExpectError(
        cache->backend()->GetRaw("a").status(), ErrorCode::kUnavailable,
        "cannot connect to the Memcached server " + server.socket_path());
  }
  EXPECT_EQ(cache->Ping().error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(
      cache->backend()->SetRaw("a", "v", kNoTtl).Is(ErrorCode::kUnavailable));
  server.Start();
  // Immediately: the earlier failures leave no trace.
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
}

TEST(MemcacheDownTest, HostWithoutAServerIsUnavailable) {
  MemcachedServer server({}, MemcachedServer::Listen::kTcp);
  MemcacheCacheOptions options;
  options.servers[0].host = "127.0.0.1";
  options.servers[0].port = static_cast<uint16_t>(server.port());
  const auto cache = *MemcacheCache::Open(options);
  EXPECT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(server.Run("get a"), "VALUE a 0 1\r\nv\r\nEND");
  server.Kill();
  ExpectError(
      cache->backend()->SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
      "127.0.0.1:" + std::to_string(server.port()) + ": Connection refused");
  options.servers[0].host = "no.such.host.invalid";
  const auto nowhere = *MemcacheCache::Open(options);
  ExpectError(nowhere->backend()->GetRaw("a").status(), ErrorCode::kUnavailable,
              "cannot find the Memcached server no.such.host.invalid");
}

// Each call finds an idle connection that the old server has closed.
TEST(MemcacheRestartTest, NextCallIsRetriedOnANewConnection) {
  MemcachedServer server;
  const auto cache = Open(server);
  const auto restart = [&] {
    ASSERT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
    server.Kill();
    server.Start();
  };
  restart();
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
  restart();
  EXPECT_TRUE(cache->backend()->SetRaw("b", "v", kNoTtl).ok());
  restart();
  EXPECT_TRUE(cache->backend()->InvalidateRaw("a").ok());
  restart();
  for (const auto& found :
       cache->backend()->GetManyRaw(std::vector<std::string_view>{"a", "b"})) {
    EXPECT_TRUE(found.status().ok());
  }
  restart();
  EXPECT_TRUE(cache->backend()->TtlRaw("a").status().ok());
  restart();
  for (const auto& found : cache->backend()->GetManyTimedRaw(
           std::vector<std::string_view>{"a", "b"})) {
    EXPECT_TRUE(found.status().ok());
  }
  restart();
  EXPECT_TRUE(cache->Ping().ok());
}

// A retry could find the entry that the first attempt has added.
TEST(MemcacheRestartTest, AddIsNotRetried) {
  MemcachedServer server;
  const auto cache = Open(server);
  ASSERT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  server.Kill();
  server.Start();
  EXPECT_EQ(cache->backend()->AddRaw("a", "v", kNoTtl).error().code,
            ErrorCode::kUnavailable);
  EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
  EXPECT_TRUE(*cache->backend()->AddRaw("a", "v", kNoTtl));
}

// It may have been done: the caller decides whether to repeat it.
TEST(MemcacheRestartTest, ClearIsNotRetried) {
  MemcachedServer server;
  const auto cache = Open(server);
  ASSERT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  server.Kill();
  server.Start();
  ExpectError(cache->Clear(), ErrorCode::kUnavailable, "closed the connection");
  EXPECT_TRUE(cache->Clear().ok());
}

// SIGPIPE has its default action here: it would end this test.
TEST(MemcacheRestartTest, LostConnectionRaisesNoSignal) {
  MemcachedServer server;
  const auto cache = Open(server);
  const std::string large(1'000'000, 'x');
  ASSERT_TRUE(cache->backend()->SetRaw("a", large, kNoTtl).ok());
  server.Kill();
  EXPECT_TRUE(
      cache->backend()->SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
  EXPECT_TRUE(
      cache->backend()->SetRaw("a", large, kNoTtl).Is(ErrorCode::kUnavailable));
}

class FrozenMemcacheTest : public testing::Test {
 protected:
  FrozenMemcacheTest() {
    EXPECT_TRUE(backend_->SetRaw("a", "value of a", kNoTtl).ok());
    EXPECT_TRUE(backend_->SetRaw("b", "value of b", kNoTtl).ok());
  }

  MemcachedServer server_;
  std::unique_ptr<MemcacheCache> cache_ = OpenWith(server_, 4, kTimeout);
  std::shared_ptr<Backend> backend_ = cache_->backend();
};

TEST_F(FrozenMemcacheTest, EveryCallTimesOut) {
  const std::string large(1'000'000, 'x');
  server_.Freeze();
  ExpectTimesOut(kTimeout, [&] { return backend_->GetRaw("a").status(); });
  ExpectTimesOut(kTimeout, [&] { return backend_->SetRaw("a", "v", kNoTtl); });
  ExpectTimesOut(kTimeout,
                 [&] { return backend_->SetRaw("a", large, kNoTtl); });
  const std::vector<std::string_view> paths = {"a", "b"};
  ExpectTimesOut(kTimeout,
                 [&] { return backend_->GetManyRaw(paths)[1].status(); });
  ExpectTimesOut(kTimeout, [&] { return cache_->Clear(); });
  server_.Thaw();
}

std::atomic<int> signals{0};

TEST_F(FrozenMemcacheTest, SignalDoesNotEndAWait) {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) { ++signals; };  // without SA_RESTART
  ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
  const itimerval every_ms = {{0, 1000}, {0, 1000}};
  const itimerval never = {};
  server_.Freeze();
  ASSERT_EQ(setitimer(ITIMER_REAL, &every_ms, nullptr), 0);
  ExpectTimesOut(kTimeout, [&] { return backend_->GetRaw("a").status(); });
  ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
  EXPECT_GT(signals, 0);
  server_.Thaw();
  ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
}

// The reply to the first call arrives after its timeout.
TEST_F(FrozenMemcacheTest, LateReplyIsDiscarded) {
  server_.Freeze();
  EXPECT_TRUE(backend_->GetRaw("a").status().Is(ErrorCode::kTimeout));
  server_.Thaw();
  EXPECT_EQ(ValueOf(*cache_, "b"), "value of b");
  EXPECT_EQ(ValueOf(*cache_, "a"), "value of a");
}

TEST(MemcacheImpostorTest, InvalidReplyIsAnErrorAndNeverAValue) {
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
    const Lookup<Bytes> found = cache->backend()->GetRaw("a");
    ASSERT_FALSE(found.is_hit()) << answer;
    ExpectError(found.status(), ErrorCode::kUnavailable,
                "sent an invalid protocol reply");
  }
  for (const std::string_view answer :
       {"VA 1 kb t1\r\nx\r\n", "VA 1 t1\r\nx\r\n", "VA 1 ka\r\nx\r\n",
        "VA 1 ka t\r\nx\r\n", "VA 1 ka t1x\r\nx\r\n", "HD ka t1\r\n",
        "EN kb\r\n", "VALUE a 0 1\r\nx\r\n"}) {
    const std::jthread once = impostor.Answer(answer);
    const Lookup<TimedBytes> found = cache->backend()->GetTimedRaw("a");
    ASSERT_FALSE(found.is_hit()) << answer;
    ExpectError(found.status(), ErrorCode::kUnavailable,
                "sent an invalid protocol reply");
  }
  {
    const std::jthread once = impostor.Answer("EN\r\n");
    EXPECT_TRUE(cache->backend()->GetTimedRaw("a").status().ok());
  }
  {
    const std::jthread once = impostor.Answer("VALUE a 0 9999999\r\n");
    ExpectError(cache->backend()->GetRaw("a").status(), ErrorCode::kTooLarge,
                "max_item_bytes");
  }
  {
    const std::jthread once = impostor.Answer("END\r\n");
    ExpectError(cache->backend()->SetRaw("a", "v", kNoTtl),
                ErrorCode::kUnavailable, "sent an invalid protocol reply");
  }
  {
    const std::jthread once = impostor.Answer("ERROR\r\n");
    ExpectError(cache->backend()->TtlRaw("a").status(), ErrorCode::kUnsupported,
                "does not know the command");
  }
  {
    const std::jthread once = impostor.Answer("ERROR\r\n");
    ExpectError(cache->backend()->GetTimedRaw("a").status(),
                ErrorCode::kUnsupported, "does not know the command");
  }
}

// Each byte arrives in time, but the value never does.
TEST(MemcacheImpostorTest, SlowReplyDoesNotExtendTheTimeout) {
  MemcachedServer server;
  server.Kill();
  unlink(server.socket_path().c_str());
  const Impostor impostor(server.socket_path());
  const auto cache = OpenWith(server, 4, kTimeout);
  ExpectTimesOut(kTimeout, [&] {
    const std::jthread once = impostor.Dribble("VALUE a 0 100000\r\n");
    return cache->backend()->GetRaw("a").status();
  });
}

// The call is retried, as after a restart, before the same deadline.
TEST(MemcacheImpostorTest, RetryHasTheRemainingTime) {
  MemcachedServer server;
  server.Kill();
  unlink(server.socket_path().c_str());
  const auto cache = OpenWith(server, 4, kTimeout);
  ExpectTimesOut(kTimeout, [&] {
    const Impostor impostor(server.socket_path());
    const std::jthread once = impostor.Stall("END\r\n", kTimeout * 6 / 10);
    EXPECT_EQ(ValueOf(*cache, "a"), "<miss>");
    return cache->backend()->GetRaw("a").status();
  });
}

// Bytes after the reply would be taken for the reply to the next request.
TEST(MemcacheImpostorTest, ExtraReplyIsDiscarded) {
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
