// MemcacheCache when a server is down, hangs, restarts, or is not Memcached.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "appcache/memcache_cache.h"
#include "tests/memcache/memcached_kind.h"
#include "tests/servers/failure_tests.h"
#include "tests/servers/impostor.h"
#include "tests/servers/results.h"
#include "tests/support/temp_dir.h"

namespace appcache::memcache_failure_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Memcached, ServerFailureTest,
                         testing::Values(MemcachedKind()), NameOfKind);

// Each call finds an idle connection that the old server has closed.
TEST(MemcacheBase64FailureTest, CallAfterARestartIsRetriedOnANewConnection) {
  const auto server = MemcachedKind().start_on_socket();
  ClientOptions options;
  options.unix_path = server->socket_path();
  options.timeout = std::chrono::seconds(60);
  const std::unique_ptr<Cache> cache = *MemcachedKind().open(options);
  Backend& backend = *cache->backend();
  const std::string_view path = "a b";
  const auto restart = [&] {
    ASSERT_TRUE(backend.SetRaw(path, "v", kNoTtl).ok());
    server->Kill();
    server->Start();
  };
  restart();
  EXPECT_EQ(ValueAt(backend, path), "<miss>");
  restart();
  EXPECT_TRUE(backend.GetTimedRaw(path).status().ok());
  restart();
  EXPECT_TRUE(backend.TtlRaw(path).status().ok());
  restart();
  EXPECT_TRUE(backend.SetRaw(path, "v", kNoTtl).ok());
  restart();
  EXPECT_TRUE(backend.InvalidateRaw(path).ok());
  restart();
  EXPECT_TRUE(*backend.AddRaw(path, "v", kNoTtl));
  restart();
  EXPECT_FALSE(*backend.SetTtlRaw(path, kNoTtl));
}

// Replies to other operations than a get (ServerFailureTest has those).
class MemcacheImpostorTest : public testing::Test {
 protected:
  std::unique_ptr<Cache> Open() {
    ClientOptions options;
    options.unix_path = path_;
    return *MemcachedKind().open(options);
  }

  const TempDir directory_{nullptr};
  const std::string path_ = directory_.path() + "/server";
  const Impostor impostor_{path_};
  const std::unique_ptr<Cache> cache_ = Open();
  Backend& backend_ = *cache_->backend();
};

TEST_F(MemcacheImpostorTest, InvalidReplyToATimedGetIsAnError) {
  for (const std::string_view reply :
       {"VA 1 kb t1\r\nx\r\n", "VA 1 t1\r\nx\r\n", "VA 1 ka\r\nx\r\n",
        "VA 1 ka t\r\nx\r\n", "VA 1 ka t1x\r\nx\r\n", "HD ka t1\r\n",
        "EN kb\r\n", "VALUE a 0 1\r\nx\r\n"}) {
    const std::jthread once = impostor_.Answer(reply);
    const Lookup<TimedBytes> found = backend_.GetTimedRaw("a");
    ASSERT_FALSE(found.is_hit()) << reply;
    ExpectError(found.status(), ErrorCode::kUnavailable,
                "sent an invalid protocol reply");
  }
  const std::jthread once = impostor_.Answer("EN\r\n");
  EXPECT_TRUE(backend_.GetTimedRaw("a").status().ok());
}

TEST_F(MemcacheImpostorTest, InvalidReplyToASetIsAnError) {
  const std::jthread once = impostor_.Answer("END\r\n");
  ExpectError(backend_.SetRaw("a", "v", kNoTtl), ErrorCode::kUnavailable,
              "sent an invalid protocol reply");
}

TEST_F(MemcacheImpostorTest, ValueAboveMaxItemBytesIsTooLarge) {
  const std::jthread once = impostor_.Answer("VALUE a 0 9999999\r\n");
  ExpectError(backend_.GetRaw("a").status(), ErrorCode::kTooLarge,
              "max_item_bytes");
}

TEST_F(MemcacheImpostorTest, ServerWithoutMetaCommandsIsUnsupported) {
  {
    const std::jthread once = impostor_.Answer("ERROR\r\n");
    ExpectError(backend_.TtlRaw("a").status(), ErrorCode::kUnsupported,
                "does not know the command");
  }
  const std::jthread once = impostor_.Answer("ERROR\r\n");
  ExpectError(backend_.GetTimedRaw("a").status(), ErrorCode::kUnsupported,
              "does not know the command");
}

}  // namespace
}  // namespace appcache::memcache_failure_test
