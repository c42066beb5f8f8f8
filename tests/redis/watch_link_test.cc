// The link of a watch: its loss, reconnecting, its end, and fork.

#include "adapters/redis/watch_link.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "adapters/net/interrupt.h"
#include "adapters/redis/connection.h"
#include "appcache/redis_cache.h"
#include "tests/redis/watch_fixture.h"
#include "tests/redis/watch_recorder.h"
#include "tests/servers/full_port.h"
#include "tests/servers/impostor.h"
#include "tests/servers/redis_server.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace appcache::watch_link_test {
namespace {

using std::chrono::milliseconds;
using Kind = WatchRecorder::Event::Kind;

constexpr milliseconds kForEver{3'600'000};

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

void AwaitDescriptors(size_t count) {
  Await([count] { return OpenDescriptors() == count; });
  EXPECT_EQ(OpenDescriptors(), count);
}

TEST(WatchLostTest, DeathOfTheServerIsReportedAndTheWatchReconnects) {
  RedisServer server;
  const auto cache = OpenCache(server);
  WatchRecorder recorder;
  const auto watch = Begin(*cache, recorder);
  EXPECT_EQ(recorder.Notifications(), Names{"<tracking>"});
  for (int round = 0; round < 3; ++round) {
    const size_t before = recorder.size();
    server.Kill();
    const size_t lost = recorder.Await(Kind::kLost, before);
    EXPECT_TRUE(recorder.events()[lost].why.Is(ErrorCode::kUnavailable));
    server.Start();
    recorder.Await(Kind::kLinked, lost);
    EXPECT_EQ(recorder.Notifications(), (Names{"<lost>", "<tracking>"}));
    server.Run("SET a 1");
    EXPECT_EQ(recorder.Notifications(), Names{"a"});
  }
}

TEST(WatchLostTest, ClosedConnectionIsMadeAnew) {
  RedisServer server;
  const auto cache = OpenCache(server);
  WatchRecorder recorder;
  const auto watch = Begin(*cache, recorder);
  EXPECT_EQ(recorder.Notifications(), Names{"<tracking>"});
  for (int round = 0; round < 20; ++round) {
    const size_t before = recorder.size();
    EXPECT_EQ(server.Run("CLIENT KILL TYPE pubsub"), ":1");
    recorder.Await(Kind::kLinked, recorder.Await(Kind::kLost, before));
    EXPECT_EQ(recorder.Notifications(), (Names{"<lost>", "<tracking>"}));
  }
}

TEST(WatchLostTest, FrozenServerIsLostAndHasNoHeartbeat) {
  RedisServer server;
  const auto cache = OpenCache(server);
  WatchRecorder recorder;
  WatchOptions options = Often();
  options.ping_timeout = milliseconds(200);
  const auto watch = Begin(*cache, recorder, options);
  recorder.Sync();
  const size_t before = recorder.size();
  server.Freeze();
  const TimePoint frozen = Clock::Steady()->Now();
  const size_t lost = recorder.Await(Kind::kLost, before);
  const auto events = recorder.events();
  EXPECT_TRUE(events[lost].why.Is(ErrorCode::kTimeout))
      << events[lost].why.ToString();
  EXPECT_NE(events[lost].why.ToString().find("a ping within 200 ms"),
            std::string::npos);
  for (const auto& event : events) EXPECT_LT(event.up_to, frozen);
  server.Thaw();
  const size_t linked = recorder.Await(Kind::kLinked, lost);
  recorder.Await(Kind::kHeartbeat, linked);
}

// The server disconnects a client that receives too slowly.
TEST(WatchLostTest, WatchWithASlowListenerReconnects) {
  RedisServer server({"--client-output-buffer-limit", "pubsub 100kb 0 0"});
  const auto cache = OpenCache(server);
  WatchRecorder recorder;
  std::latch has_begun(1);
  std::latch may_go_on(1);
  std::atomic<bool> is_first{true};
  recorder.set_hook([&] {
    if (!is_first.exchange(false)) return;
    has_begun.count_down();
    may_go_on.wait();
  });
  const auto watch = Begin(*cache, recorder);
  recorder.Sync();
  server.Run("SET a 1");
  has_begun.wait();
  while (server.Run("CLIENT LIST TYPE pubsub").size() > 1) {
    server.Run({"SET", std::string(10'000, 'x'), "1"});
  }
  may_go_on.count_down();
  const size_t lost = recorder.Await(Kind::kLost);
  recorder.Await(Kind::kLinked, lost);
}

// The process is suspended after a part of a message that is longer than the
// buffer of a stream, until the pong behind it has arrived and the ping timeout
// has passed.
TEST(WatchLostTest, PongBehindALongMessageIsInTime) {
  const std::string replies =
      "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n"
      "*1\r\n$40000\r\n" +
      std::string(40'000, 'x') + "\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n";
  WatchOptions options;
  options.ping_timeout = milliseconds(100);
  options.clock = Clock::Steady();
  // False if the machine was busy for as long as the ping timeout.
  const auto has_heartbeat = [&] {
    const TempDir directory(nullptr);
    const std::string path = directory.path() + "/server";
    const Impostor server(path);
    std::jthread once = server.Answer(replies);
    net::Resolver resolver(net::Endpoint{"Redis", "", 0, path});
    redis::Login login;
    login.reply_limits = {size_t{1} << 20, 1000};
    const auto connection =
        redis::Connection::Connect(resolver, login, net::Deadline(kForEver));
    EXPECT_TRUE(connection.ok()) << connection.status().ToString();
    const auto suspended = [&] {
      if (!once.joinable()) return false;
      once.join();
      const auto until =
          std::chrono::steady_clock::now() + options.ping_timeout;
      Await([&] { return std::chrono::steady_clock::now() >= until; });
      return false;
    };
    WatchRecorder recorder;
    recorder.OnLinked(WatchMode::kTracking);
    TimePoint latest = TimePoint::min();
    redis::WatchLink link(**connection, options, recorder, latest, suspended);
    const net::Interrupt interrupt;
    EXPECT_FALSE(link.Run(interrupt).ok());  // the server closes
    return link.has_heartbeat();
  };
  EXPECT_TRUE(Await(has_heartbeat));
}

TEST(WatchEndTest, EndsAtOnceInEveryWait) {
  RedisServer server;
  const auto cache = OpenCache(server);
  WatchOptions options = Often();
  options.ping_interval = options.ping_timeout = kForEver;
  options.min_retry = options.max_retry = kForEver;
  const size_t descriptors = OpenDescriptors();
  {
    // While it waits for the next ping.
    WatchRecorder recorder;
    auto watch = Begin(*cache, recorder, options);
    recorder.Await(Kind::kHeartbeat);
    ExpectEndsAtOnce(std::move(watch));
  }
  server.Freeze();
  {
    // While it waits for the server's reply.
    WatchRecorder recorder;
    auto watch = Begin(*cache, recorder, options);
    AwaitDescriptors(descriptors + 2);
    ExpectEndsAtOnce(std::move(watch));
    EXPECT_EQ(recorder.size(), 0u);
  }
  server.Thaw();
  {
    // While it connects.
    const FullPort dead;
    const size_t before = OpenDescriptors();
    RedisCacheOptions nowhere;
    nowhere.host = "127.0.0.1";
    nowhere.port = dead.number();
    nowhere.timeout = nowhere.connect_timeout = kForEver;
    const auto unreachable = RedisCache::Open(nowhere);
    WatchRecorder recorder;
    auto watch = Begin(**unreachable, recorder, options);
    AwaitDescriptors(before + 2);
    ExpectEndsAtOnce(std::move(watch));
  }
  server.Kill();
  {
    // While it waits for the next attempt to connect.
    const CapturedLog log;
    RedisCacheOptions logged;
    logged.cache = log.options();
    const auto away = OpenCache(server, logged);
    WatchRecorder recorder;
    auto watch = Begin(*away, recorder, options);
    AwaitLine(log, "cannot watch for changes, will retry: ");
    ExpectEndsAtOnce(std::move(watch));
  }
}

// A late call would use a destroyed recorder.
TEST(WatchEndTest, LeavesNoDescriptorAndCallsNoListenerAfterwards) {
  RedisServer server;
  const auto cache = OpenCache(server);
  const size_t descriptors = OpenDescriptors();
  for (int i = 0; i < 50; ++i) {
    const auto recorder = std::make_unique<WatchRecorder>();
    const auto watch = Begin(*cache, *recorder);
    if (i % 2 == 0) recorder->Sync();
  }
  EXPECT_EQ(OpenDescriptors(), descriptors);
}

TEST(WatchForkTest, ForkedChildMayDestroyItAndTheParentsContinues) {
  RedisServer server;
  const auto cache = OpenCache(server);
  WatchRecorder recorder;
  auto watch = Begin(*cache, recorder);
  EXPECT_EQ(recorder.Notifications(), Names{"<tracking>"});
  EXPECT_EQ(InChild([&]() -> std::string {
              const size_t descriptors = OpenDescriptors();
              watch.reset();
              return OpenDescriptors() == descriptors - 2
                         ? ""
                         : "left descriptors open";
            }),
            "");
  EXPECT_EQ(InChild([] { return std::string(); }), "");
  server.Run("SET a 1");
  EXPECT_EQ(recorder.Notifications(), Names{"a"});
}

}  // namespace
}  // namespace appcache::watch_link_test
