// The connections of a MemcacheCache: how many, who gets them, and fork.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "adapters/memcache/memcache_cache.h"
#include "tests/servers/memcached_server.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<MemcacheCache> OpenWith(
    const MemcachedServer& server, size_t max_connections,
    milliseconds timeout = milliseconds(60'000)) {
  MemcacheCacheOptions options;
  options.servers[0].unix_path = server.socket_path();
  options.max_connections = max_connections;
  options.timeout = timeout;
  return *MemcacheCache::Open(options);
}

TEST(MemcachePoolTest, AServerWithTooManyConnectionsSaysSo) {
  MemcachedServer server({"-c", "64"});
  std::vector<std::unique_ptr<MemcacheCache>> caches;
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    caches.push_back(OpenWith(server, 1));
    status = caches.back()->GetRaw("a").status();
  }
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find("too many connections"), std::string::npos)
      << status.ToString();
}

TEST(MemcachePoolTest, OpeningConnectsNowhereAndClosingClosesAll) {
  MemcachedServer server;
  const int64_t without = server.Stat("curr_connections");
  auto cache = OpenWith(server, 4);
  EXPECT_EQ(server.Stat("curr_connections"), without);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  }
  EXPECT_EQ(server.Stat("curr_connections"), without + 1);
  cache.reset();
  while (server.Stat("curr_connections") != without) {
  }
}

TEST(MemcachePoolTest, ManyThreadsShareFewConnections) {
  MemcachedServer server;
  const int64_t without = server.Stat("curr_connections");
  const auto cache = OpenWith(server, 3);
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
  EXPECT_LE(server.Stat("curr_connections"), without + 3);
  EXPECT_EQ(cache->Stats().hits, uint64_t{kThreads} * 200);
}

TEST(MemcachePoolTest, WhoFindsAllInUseWaitsAndThenIsBusy) {
  MemcachedServer server;
  constexpr milliseconds kTimeout{200};
  const auto cache = OpenWith(server, 1, kTimeout);
  ASSERT_TRUE(cache->SetRaw("a", "v", kNoTtl).ok());
  server.Freeze();
  std::atomic<int> timed_out{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto begin = std::chrono::steady_clock::now();
      const Status status = cache->GetRaw("a").status();
      // The time is all its own: there is no other server to leave any to.
      EXPECT_GE(std::chrono::steady_clock::now() - begin, kTimeout);
      if (status.Is(ErrorCode::kTimeout)) {
        ++timed_out;
      } else {
        EXPECT_TRUE(status.Is(ErrorCode::kBusy)) << status.ToString();
        EXPECT_NE(status.ToString().find("max_connections"), std::string::npos);
      }
    });
  }
  threads.clear();
  server.Thaw();
  EXPECT_GE(timed_out, 1);
  // The place of a connection that failed is free again.
  EXPECT_TRUE(cache->GetRaw("a").is_hit());
}

// What parent and child ask at the same time must not meet in one stream.
TEST(MemcachePoolTest, AForkedChildMakesConnectionsOfItsOwn) {
  MemcachedServer server;
  const auto cache = OpenWith(server, 1);
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
