// The connections of a MemcacheCache: their number, waiting for one, and fork.

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

#include "appcache/memcache_cache.h"
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

TEST(MemcachePoolTest, ServerWithTooManyConnectionsIsReported) {
  MemcachedServer server({"-c", "64"});
  std::vector<std::unique_ptr<MemcacheCache>> caches;
  Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    caches.push_back(OpenWith(server, 1));
    status = caches.back()->backend()->GetRaw("a").status();
  }
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find("too many connections"), std::string::npos)
      << status.ToString();
}

TEST(MemcachePoolTest, OpeningDoesNotConnectAndClosingClosesAll) {
  MemcachedServer server;
  const int64_t without = server.Stat("curr_connections");
  auto cache = OpenWith(server, 4);
  EXPECT_EQ(server.Stat("curr_connections"), without);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
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
        ASSERT_TRUE(cache->backend()->SetRaw(path, value, kNoTtl).ok());
        const Lookup<Bytes> found = cache->backend()->GetRaw(path);
        ASSERT_TRUE(found.is_hit()) << found.status().ToString();
        ASSERT_EQ(found->view(), value);
      }
    });
  }
  threads.clear();
  EXPECT_LE(server.Stat("curr_connections"), without + 3);
  EXPECT_EQ(cache->Stats().hits, uint64_t{kThreads} * 200);
}

TEST(MemcachePoolTest, CallThatFindsAllConnectionsInUseIsBusy) {
  MemcachedServer server;
  constexpr milliseconds kTimeout{200};
  const auto cache = OpenWith(server, 1, kTimeout);
  ASSERT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  server.Freeze();
  std::atomic<int> timed_out{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto begin = std::chrono::steady_clock::now();
      const Status status = cache->backend()->GetRaw("a").status();
      // The call may use all its time: there is no other server.
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
  // A connection that failed no longer counts.
  EXPECT_TRUE(cache->backend()->GetRaw("a").is_hit());
}

// Requests of parent and child must not mix in one stream.
TEST(MemcachePoolTest, ForkedChildOpensConnectionsOfItsOwn) {
  MemcachedServer server;
  const auto cache = OpenWith(server, 1);
  ASSERT_TRUE(cache->backend()->SetRaw("parent", "of parent", kNoTtl).ok());
  ASSERT_TRUE(cache->backend()->SetRaw("child", "of child", kNoTtl).ok());
  const auto reads_own_values = [&](std::string_view path) {
    for (int i = 0; i < 500; ++i) {
      const Lookup<Bytes> found = cache->backend()->GetRaw(path);
      if (!found || found->view() != "of " + std::string(path)) return false;
    }
    return true;
  };
  const pid_t child = fork();
  if (child == 0) _exit(reads_own_values("child") ? 0 : 1);
  EXPECT_TRUE(reads_own_values("parent"));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(reads_own_values("parent"));
}

// A connection that the child kept would stay open on the server.
TEST(MemcachePoolTest, DestroyingTheCacheInAForkedChildClosesItsConnections) {
  MemcachedServer server;
  const int64_t without = server.Stat("curr_connections");
  auto cache = OpenWith(server, 1);
  ASSERT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  int destroyed[2];
  int exit_child[2];
  ASSERT_EQ(pipe(destroyed), 0);
  ASSERT_EQ(pipe(exit_child), 0);
  const pid_t child = fork();
  if (child == 0) {
    cache.reset();
    char byte = 0;
    const bool reported = write(destroyed[1], "d", 1) == 1;
    close(exit_child[1]);
    _exit(reported && read(exit_child[0], &byte, 1) == 0 ? 0 : 1);
  }
  char byte = 0;
  EXPECT_EQ(read(destroyed[0], &byte, 1), 1);
  // The parent's connection still works.
  EXPECT_TRUE(cache->backend()->GetRaw("a").is_hit());
  EXPECT_EQ(server.Stat("curr_connections"), without + 1);
  cache.reset();
  while (server.Stat("curr_connections") != without) {
  }
  for (const int end : {destroyed[0], destroyed[1], exit_child[1]}) close(end);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(exit_child[0]);
}

}  // namespace
}  // namespace appcache
