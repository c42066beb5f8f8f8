// Where descriptors are opened when standard input, output or error is closed.

#include "engine/support/high_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/net/address.h"
#include "adapters/net/deadline.h"
#include "appcache/memcache_cache.h"
#include "appcache/redis_cache.h"
#include "appcache/tiered_cache.h"
#include "tests/servers/memcached_server.h"
#include "tests/servers/redis_server.h"
#include "tests/support/await.h"
#include "tests/support/in_child.h"
#include "tests/support/map_cache.h"

namespace appcache::high_fd_test {
namespace {

using internal::MoveAboveStandard;

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

std::set<int> OpenDescriptors() {
  std::set<int> all;
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd")) {
    all.insert(std::stoi(entry.path().filename().string()));
  }
  // One of them was that of the iterator.
  std::erase_if(all, [](int fd) { return !IsOpen(fd); });
  return all;
}

// Runs `use`, which returns an object that has descriptors open, in children
// that were started with each set of 0, 1 and 2 closed.
template <class Use>
void ExpectAllAboveStandard(const Use& use) {
  for (int closed = 0; closed < 8; ++closed) {
    EXPECT_EQ(InChild([&]() -> std::string {
                const std::set<int> before = OpenDescriptors();
                for (int fd = 0; fd < 3; ++fd) {
                  if ((closed & 1 << fd) != 0) close(fd);
                }
                const auto used = use();
                size_t opened = 0;
                for (const int fd : OpenDescriptors()) {
                  if (fd < 3 && (closed & 1 << fd) != 0) {
                    return "opened " + std::to_string(fd);
                  }
                  if (before.contains(fd)) continue;
                  ++opened;
                  if (fcntl(fd, F_GETFD) != FD_CLOEXEC) {
                    return std::to_string(fd) + " is not close-on-exec";
                  }
                }
                return opened > 0 ? "" : "opened nothing";
              }),
              "")
        << "closed: " << closed;
  }
}

TEST(HighFdTest, DescriptorAboveStandardIsReturnedUnchanged) {
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GT(fd, 2);
  EXPECT_EQ(MoveAboveStandard(fd), fd);
  close(fd);
}

TEST(HighFdTest, FailureToOpenIsPassedOnWithErrno) {
  errno = EMFILE;
  EXPECT_EQ(MoveAboveStandard(-1), -1);
  EXPECT_EQ(errno, EMFILE);
}

TEST(HighFdTest, StandardDescriptorIsMovedAndClosed) {
  EXPECT_EQ(InChild([]() -> std::string {
              for (int fd = 0; fd < 3; ++fd) {
                close(fd);
                const int opened = open("/dev/null", O_RDONLY);
                if (opened != fd) return "is not the lowest";
                const int moved = MoveAboveStandard(opened);
                if (moved < 3) return "was not moved";
                if (IsOpen(fd)) return "was not closed";
                if (fcntl(moved, F_GETFD) != FD_CLOEXEC) return "is inherited";
                if (open("/dev/null", O_RDONLY) != fd) return "is not free";
              }
              return "";
            }),
            "");
}

TEST(HighFdTest, ConnectionToRedisIsAboveStandard) {
  const RedisServer server;
  ExpectAllAboveStandard([&] {
    RedisCacheOptions options;
    options.host = "localhost";
    options.port = static_cast<uint16_t>(server.port());
    options.timeout = options.connect_timeout = kPatience;
    auto cache = *RedisCache::Open(std::move(options));
    (void)cache->backend()->GetRaw("a").is_hit();
    return cache;
  });
}

TEST(HighFdTest, ConnectionToMemcachedIsAboveStandard) {
  const MemcachedServer server;
  ExpectAllAboveStandard([&] {
    MemcacheCacheOptions options;
    options.servers[0].unix_path = server.socket_path();
    options.timeout = options.connect_timeout = kPatience;
    auto cache = *MemcacheCache::Open(std::move(options));
    (void)cache->backend()->GetRaw("a").is_hit();
    return cache;
  });
}

// The system's resolver opens files and sockets.
TEST(HighFdTest, NameIsLookedUpWithStandardDescriptorsOccupied) {
  for (int closed = 0; closed < 3; ++closed) {
    EXPECT_EQ(InChild([&]() -> std::string {
                close(closed);
                std::atomic<int> opened = -1;
                net::Resolver resolver(
                    net::Endpoint{"Fake", "name.invalid", 1, ""},
                    [&](const net::Endpoint&) {
                      opened = open("/dev/null", O_RDONLY | O_CLOEXEC);
                      return std::vector<net::Address>(1);
                    });
                if (!resolver.Resolve(net::Deadline(kPatience)).ok()) {
                  return "was not looked up";
                }
                if (opened < 3) return "opened " + std::to_string(opened);
                return IsOpen(closed) ? "stays occupied" : "";
              }),
              "")
        << "closed: " << closed;
  }
}

// The link and the eventfd of its watch.
TEST(HighFdTest, DescriptorsOfATierAreAboveStandard) {
  const RedisServer server;
  ExpectAllAboveStandard([&] {
    RedisCacheOptions options;
    options.unix_path = server.socket_path();
    options.timeout = options.connect_timeout = kPatience;
    const auto remote = *RedisCache::Open(std::move(options));
    auto tier =
        *TieredCache::Open(std::make_shared<MapBackend>(), remote->backend());
    EXPECT_TRUE(Await([&] { return tier->coherent(); }));
    return tier;
  });
}

}  // namespace
}  // namespace appcache::high_fd_test
