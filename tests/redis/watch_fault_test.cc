// The promise of a heartbeat, with concurrent writers and over a faulty
// network: every change that was acknowledged before its time has been
// notified, by its path or by a new link.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "appcache/redis_cache.h"
#include "tests/redis/watch_recorder.h"
#include "tests/servers/fault_proxy.h"
#include "tests/servers/redis_server.h"
#include "tests/support/random.h"

namespace appcache::watch_fault_test {
namespace {

using std::chrono::milliseconds;
using Event = WatchRecorder::Event;

constexpr int kWriters = 4;

struct Written {
  std::string path;        // unique
  size_t first_event = 0;  // no earlier event can be its notification
  TimePoint acknowledged = {};
};

// The times of heartbeats are rounded down to microseconds, and so is the time
// of the acknowledgement.
std::vector<Written> Write(Backend& backend, const WatchRecorder& recorder,
                           const std::string& name, int count) {
  std::vector<Written> all;
  for (int i = 0; i < count; ++i) {
    Written& write = all.emplace_back();
    write.path = name + "/" + std::to_string(i);
    write.first_event = recorder.size();
    EXPECT_TRUE(backend.SetRaw(write.path, "v", kNoTtl).ok());
    write.acknowledged = Clock::Steady()->Now();
  }
  return all;
}

std::vector<Written> WriteByManyThreads(Backend& backend,
                                        const WatchRecorder& recorder,
                                        const std::string& name, int count) {
  std::vector<std::vector<Written>> parts(kWriters);
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < kWriters; ++i) {
    threads.emplace_back([&, i] {
      parts[i] =
          Write(backend, recorder, name + "/" + std::to_string(i), count);
    });
  }
  threads.clear();
  std::vector<Written> all;
  for (const auto& part : parts)
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Returns the number of writes that were acknowledged before some heartbeat.
// Expects that these had been notified by then.
size_t CountCovered(const std::vector<Written>& writes,
                    const std::vector<Event>& events) {
  size_t covered = 0;
  for (const Written& write : writes) {
    bool is_notified = false;
    for (size_t i = write.first_event; i < events.size(); ++i) {
      const Event& event = events[i];
      is_notified = is_notified || event.kind == Event::Kind::kLinked ||
                    event.kind == Event::Kind::kAll || event.path == write.path;
      if (event.kind != Event::Kind::kHeartbeat ||
          event.up_to <= write.acknowledged) {
        continue;
      }
      EXPECT_TRUE(is_notified) << write.path << " was not notified in time";
      ++covered;
      break;
    }
  }
  return covered;
}

std::unique_ptr<RedisCache> Open(const RedisServer& server) {
  RedisCacheOptions options;
  options.unix_path = server.socket_path();
  options.timeout = options.connect_timeout = milliseconds(60'000);
  return *RedisCache::Open(options);
}

TEST(WatchHeartbeatTest, FollowsTheNotifications) {
  RedisServer server;
  const auto cache = Open(server);
  WatchRecorder recorder;
  WatchOptions options;
  options.ping_interval = milliseconds(1);
  options.ping_timeout = milliseconds(60'000);
  const auto watch = cache->backend()->WatchRaw(options, recorder);
  recorder.Sync();
  const auto writes =
      WriteByManyThreads(*cache->backend(), recorder, "a", 1000);
  recorder.Sync();
  EXPECT_EQ(CountCovered(writes, recorder.events()), writes.size());
}

TEST(WatchFaultTest, HeartbeatFollowsTheNotificationsOverAFaultyNetwork) {
  RandomSource random;
  RedisServer server;
  FaultProxy proxy(server.socket_path(), random.Bits());
  const auto cache = Open(server);
  RedisCacheOptions through;
  through.host = "127.0.0.1";
  through.port = proxy.port();
  through.cache.log = [](LogLevel, std::string_view) {};
  const auto watched = *RedisCache::Open(through);
  WatchRecorder recorder;
  WatchOptions options;
  options.ping_interval = milliseconds(1);
  options.ping_timeout = milliseconds(100);
  options.min_retry = milliseconds(1);
  options.max_retry = milliseconds(10);
  options.seed = random.Bits() | 1;
  const auto watch = watched->backend()->WatchRaw(options, recorder);
  recorder.Sync();

  proxy.SetFaultsPerHundred(5);
  std::vector<Written> writes;
  constexpr size_t kLosses = 30;
  size_t from = 0;
  for (size_t losses = 0; losses < kLosses; ++losses) {
    const auto more = WriteByManyThreads(*cache->backend(), recorder,
                                         std::to_string(losses), 20);
    writes.insert(writes.end(), more.begin(), more.end());
    from = recorder.Await(Event::Kind::kLost, from) + 1;
  }
  proxy.SetFaultsPerHundred(0);
  recorder.Sync();
  const auto last = WriteByManyThreads(*cache->backend(), recorder, "last", 20);
  writes.insert(writes.end(), last.begin(), last.end());
  recorder.Sync();
  EXPECT_EQ(CountCovered(writes, recorder.events()), writes.size());
}

}  // namespace
}  // namespace appcache::watch_fault_test
