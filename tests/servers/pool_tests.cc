#include "tests/servers/pool_tests.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/servers/call_times.h"
#include "tests/servers/results.h"
#include "tests/support/in_child.h"

namespace appcache {
namespace {

using std::chrono::milliseconds;

size_t OpenDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

TEST_P(ServerPoolTest, OpeningDoesNotConnectAndClosingClosesAll) {
  auto cache = Open(4);
  EXPECT_EQ(server_->OpenConnections(), 0);
  EXPECT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(server_->OpenConnections(), 1);
  cache.reset();
  AwaitNoConnections();
}

TEST_P(ServerPoolTest, OneThreadUsesOneConnection) {
  const auto cache = Open(4);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(cache->backend()->GetRaw("a").status().ok());
    EXPECT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  }
  EXPECT_EQ(server_->OpenConnections(), 1);
  EXPECT_EQ(server_->AcceptedConnections(), 1);
}

TEST_P(ServerPoolTest, ManyThreadsShareFewConnections) {
  const auto cache = Open(3);
  constexpr int kThreads = 16;
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string path = "path" + std::to_string(t);
      for (int i = 0; i < 200; ++i) {
        const std::string value = path + "/" + std::to_string(i);
        ASSERT_TRUE(cache->backend()->SetRaw(path, value, kNoTtl).ok());
        ASSERT_EQ(ValueAt(*cache->backend(), path), value);
      }
    });
  }
  threads.clear();
  EXPECT_LE(server_->OpenConnections(), 3);
  EXPECT_EQ(cache->Stats().hits, uint64_t{kThreads} * 200);
}

TEST_P(ServerPoolTest, CallThatFindsAllConnectionsInUseIsBusy) {
  constexpr milliseconds kTimeout{200};
  const auto cache = Open(1, kTimeout);
  const Status stored =
      UntilInTime([&] { return cache->backend()->SetRaw("a", "v", kNoTtl); });
  ASSERT_TRUE(stored.ok()) << stored.ToString();
  server_->Freeze();
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
        ExpectError(status, ErrorCode::kBusy, "max_connections");
      }
    });
  }
  threads.clear();
  server_->Thaw();
  EXPECT_GE(timed_out, 1);
  // A connection that failed no longer counts.
  const Status found =
      UntilInTime([&] { return cache->backend()->GetRaw("a").status(); });
  EXPECT_TRUE(found.ok()) << found.ToString();
}

// Requests of parent and child must not mix in one stream.
TEST_P(ServerPoolTest, ForkedChildOpensConnectionsOfItsOwn) {
  const auto cache = Open(1);
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

TEST_P(ServerPoolTest, ForkedChildMayDestroyTheCache) {
  auto cache = Open(1);
  ASSERT_TRUE(cache->backend()->SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(InChild([&]() -> std::string {
              const size_t descriptors = OpenDescriptors();
              cache.reset();
              return OpenDescriptors() == descriptors - 1
                         ? ""
                         : "the inherited connection stayed open";
            }),
            "");
  EXPECT_EQ(InChild([&]() -> std::string {
              const size_t descriptors = OpenDescriptors();
              if (!cache->backend()->GetRaw("a")) return "no value";
              cache.reset();
              return OpenDescriptors() == descriptors - 1
                         ? ""
                         : "the inherited or the child's own connection stayed "
                           "open";
            }),
            "");
  // The parent still uses its first connection.
  EXPECT_TRUE(cache->backend()->GetRaw("a").is_hit());
  EXPECT_EQ(server_->AcceptedConnections(), 2);
}

// As when a tier that is destroyed shares its backend with the program.
TEST_P(ServerPoolTest, BackendThatIsAbandonedInAChildStaysUsable) {
  const auto cache = Open(1);
  Backend& backend = *cache->backend();
  ASSERT_TRUE(backend.SetRaw("a", "v", kNoTtl).ok());
  EXPECT_EQ(InChild([&]() -> std::string {
              for (int i = 0; i < 3; ++i) {
                backend.AbandonInChild();
                backend.AbandonInChild();
                if (ValueAt(backend, "a") != "v") return ValueAt(backend, "a");
              }
              return "";
            }),
            "");
  EXPECT_EQ(ValueAt(backend, "a"), "v");
}

// A connection that the child kept would stay open on the server.
TEST_P(ServerPoolTest, DestroyingTheCacheInAForkedChildClosesItsConnections) {
  auto cache = Open(1);
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
  EXPECT_EQ(server_->OpenConnections(), 1);
  cache.reset();
  AwaitNoConnections();
  for (const int end : {destroyed[0], destroyed[1], exit_child[1]}) close(end);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  close(exit_child[0]);
}

}  // namespace appcache
