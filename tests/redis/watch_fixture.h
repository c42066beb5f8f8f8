// Helpers for tests of watches of a Redis server.

#ifndef APPCACHE_TESTS_REDIS_WATCH_FIXTURE_H_
#define APPCACHE_TESTS_REDIS_WATCH_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "appcache/redis_cache.h"
#include "tests/redis/watch_recorder.h"
#include "tests/servers/redis_server.h"
#include "tests/support/await.h"
#include "tests/support/captured_log.h"

namespace appcache {

// The result of WatchRecorder::Notifications.
using Names = std::vector<std::string>;

// Options with frequent heartbeats and attempts to connect, and with timeouts
// for a busy machine.
inline WatchOptions Often(std::string prefix = "") {
  WatchOptions options;
  options.path_prefix = std::move(prefix);
  options.ping_interval = std::chrono::milliseconds(5);
  options.ping_timeout = std::chrono::milliseconds(60'000);
  options.min_retry = std::chrono::milliseconds(1);
  options.max_retry = std::chrono::milliseconds(20);
  return options;
}

inline std::unique_ptr<RedisCache> OpenCache(const RedisServer& server,
                                             RedisCacheOptions options = {}) {
  options.unix_path = server.socket_path();
  options.timeout = std::chrono::milliseconds(60'000);
  options.connect_timeout = std::chrono::milliseconds(60'000);
  return *RedisCache::Open(std::move(options));
}

inline std::unique_ptr<Watch> Begin(Cache& cache, WatchRecorder& recorder,
                                    const WatchOptions& options = Often()) {
  Result<std::unique_ptr<Watch>> watch =
      cache.backend()->WatchRaw(options, recorder);
  EXPECT_TRUE(watch.ok()) << watch.status().ToString();
  return *std::move(watch);
}

// Destroys the watch. Expects that this does not take as long as its timeouts.
inline void ExpectEndsAtOnce(std::unique_ptr<Watch> watch) {
  const auto begin = std::chrono::steady_clock::now();
  watch.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

// Waits for a line of the log that contains `words`.
inline void AwaitLine(const CapturedLog& log, const std::string& words) {
  const auto is_there = [&] {
    const std::vector<std::string> lines = log.lines();
    return std::any_of(lines.begin(), lines.end(), [&](const auto& line) {
      return line.find(words) != std::string::npos;
    });
  };
  EXPECT_TRUE(Await(is_there)) << words;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_REDIS_WATCH_FIXTURE_H_
