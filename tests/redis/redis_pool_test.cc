// The connections of a RedisCache: how many, who gets them, and fork.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/redis/redis_cache.h"
#include "tests/servers/redis_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

class RedisPoolTest : public testing::Test {
 protected:
  std::unique_ptr<RedisCache> Open(
      size_t max_connections, milliseconds timeout = milliseconds(60'000)) {
    RedisCacheOptions options;
    options.unix_path = server_.socket_path();
    options.max_connections = max_connections;
    options.timeout = timeout;
    return *RedisCache::Open(options);
  }

  // Of all clients but the test's own.
  int64_t Connections() {
    const std::string list = server_.Run("CLIENT LIST");
    return std::count(list.begin(), list.end(), '\n') - 1;
  }

  RedisServer server_;
};

TEST_F(RedisPoolTest, OpeningConnectsNowhereAndClosingClosesAll) {
  auto cache = Open(4);
  EXPECT_EQ(Connections(), 0);
  EXPECT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(Connections(), 1);
  cache.reset();
  while (Connections() != 0) {
  }
}

TEST_F(RedisPoolTest, OneThreadUsesOneConnection) {
  const auto cache = Open(4);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(cache->GetRaw("a").status().ok());
  EXPECT_EQ(Connections(), 1);
  EXPECT_NE(server_.Run("INFO stats").find("total_connections_received:2\r"),
            std::string::npos);
}

TEST_F(RedisPoolTest, ManyThreadsShareFewConnections) {
  const auto cache = Open(3);
  constexpr int kThreads = 16;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string path = "path" + std::to_string(t);
      for (int i = 0; i < 200; ++i) {
        const std::string value = path + "/" + std::to_string(i);
        ASSERT_TRUE(cache->SetRaw(path, value, kNoTtl).ok());
        const Lookup<Bytes> found = cache->GetRaw(path);
        ASSERT_TRUE(found.is_hit()) << found.status().ToString();
        ASSERT_EQ(found->view(), value);
      }
    });
  }
  threads.clear();
  EXPECT_LE(Connections(), 3);
  EXPECT_EQ(cache->Stats().hits, uint64_t{kThreads} * 200);
}

TEST_F(RedisPoolTest, WhoFindsAllInUseWaitsAndThenIsBusy) {
  const auto cache = Open(1, milliseconds(200));
  ASSERT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  server_.Freeze();
  std::atomic<int> busy{0};
  std::atomic<int> timed_out{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const Status status = cache->GetRaw("a").status();
      EXPECT_TRUE(status.Is(ErrorCode::kTimeout) || status.Is(ErrorCode::kBusy))
          << status.ToString();
      if (status.Is(ErrorCode::kBusy)) {
        EXPECT_NE(status.ToString().find("max_connections"), std::string::npos);
        ++busy;
      } else {
        ++timed_out;
      }
    });
  }
  threads.clear();
  server_.Thaw();
  EXPECT_GE(timed_out, 1);
  // The place of a connection that failed is free again.
  EXPECT_TRUE(cache->GetRaw("a").is_hit());
}

// What parent and child ask at the same time must not meet in one stream.
TEST_F(RedisPoolTest, AForkedChildMakesConnectionsOfItsOwn) {
  const auto cache = Open(1);
  ASSERT_TRUE(cache->SetRaw("parent", "of parent", kNoTtl).ok());
  ASSERT_TRUE(cache->SetRaw("child", "of child", kNoTtl).ok());
  const auto right = [&](std::string_view path) {
    for (int i = 0; i < 500; ++i) {
      const Lookup<Bytes> found = cache->GetRaw(path);
      if (!found || found->view() != "of " + std::string(path)) return false;
    }
    return true;
  };
  const pid_t child = fork();
  if (child == 0) _exit(right("child") ? 0 : 1);
  EXPECT_TRUE(right("parent"));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(right("parent"));
}

}  // namespace
}  // namespace appcache
