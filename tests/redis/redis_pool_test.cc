// The connections of a RedisCache.

#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "tests/redis/redis_kind.h"
#include "tests/servers/pool_tests.h"
#include "tests/servers/redis_server.h"

namespace appcache::redis_pool_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Redis, ServerPoolTest, testing::Values(RedisKind()),
                         NameOfKind);

// The child would send its requests on the connection of its parent.
TEST(RedisWalkForkTest, WalkGoesOnInTheParentOnly) {
  // Several pages.
  constexpr int kEntries = 3000;
  const RedisServer server;
  ClientOptions options;
  options.unix_path = server.socket_path();
  const std::unique_ptr<Cache> cache = *RedisKind().open(options);
  Backend& backend = *cache->backend();
  std::vector<std::string> paths;
  for (int i = 0; i < kEntries; ++i) paths.push_back(std::to_string(i));
  std::vector<RawEntry> entries;
  for (const std::string& path : paths) entries.push_back({path, "v"});
  ASSERT_TRUE(backend.SetManyRaw(entries).ok());
  pid_t child = -1;
  int visits = 0;
  const Status walked = backend.WalkRaw({}, [&](const WalkedEntry&) {
    if (++visits == 1) child = fork();
    return true;
  });
  if (child == 0) {
    const bool has_ended =
        walked.Is(ErrorCode::kUnavailable) &&
        walked.message().find("before fork()") != std::string::npos;
    _exit(has_ended ? 0 : 1);
  }
  EXPECT_TRUE(walked.ok()) << walked.ToString();
  EXPECT_GE(visits, kEntries);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace appcache::redis_pool_test
