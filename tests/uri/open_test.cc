// Open: opens the cache that a URI names, with the options of the URI.

#include "appcache/open.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "engine/uri/scheme_registry.h"
#include "tests/servers/redis_server.h"
#include "tests/support/captured_log.h"
#include "tests/support/temp_dir.h"

namespace appcache {
namespace {

constexpr const char* kSecret = "hunter2";

std::unique_ptr<Cache> Opened(const std::string& uri) {
  auto cache = Open(uri);
  EXPECT_TRUE(cache.ok()) << cache.status().ToString();
  return cache.ok() ? *std::move(cache) : nullptr;
}

std::string LimitOf(const Cache& cache, const std::string& name) {
  for (const auto& [limit, value] : cache.Traits().limits) {
    if (limit == name) return value;
  }
  return "no such limit";
}

// A value that one cache of this URI sets, another one gets.
void ExpectRoundTrip(const std::string& uri) {
  const auto one = Opened(uri);
  const auto two = Opened(uri);
  ASSERT_NE(one, nullptr);
  ASSERT_NE(two, nullptr);
  EXPECT_TRUE(one->SetByStr<std::string>("key", "value").ok());
  EXPECT_EQ(two->GetByStr<std::string>("key").value_or("none"), "value");
  EXPECT_TRUE(one->Ping().ok());
}

TEST(OpenTest, OpensAFile) {
  const TempDir dir;
  ExpectRoundTrip("sqlite:" + dir.path() + "/cache.db");
  ExpectRoundTrip("SQLite://" + dir.path() + "/a%20b%3f.db");
}

TEST(OpenTest, OpensAFileToReadWithTheModeOfSqlite) {
  const TempDir dir;
  const std::string uri = "sqlite:" + dir.path() + "/cache.db?mode=";
  EXPECT_TRUE(Open(uri + "ro").status().Is(ErrorCode::kUnavailable));
  ASSERT_TRUE(Opened(uri + "rwc")->SetByStr<std::string>("key", "value").ok());
  const auto cache = Opened(uri + "ro");
  EXPECT_EQ(cache->GetByStr<std::string>("key").value_or("none"), "value");
  const Status refused = cache->SetByStr<std::string>("key", "new");
  ASSERT_TRUE(refused.Is(ErrorCode::kUnavailable));
  EXPECT_EQ(refused.error().native_code, EROFS);
  const Status unknown = Open(uri + "memory").status();
  EXPECT_TRUE(unknown.Is(ErrorCode::kInvalidArgument));
  EXPECT_NE(unknown.ToString().find("one of ro, rwc"), std::string::npos);
}

TEST(OpenTest, MemoryCachesOfOneNameShareTheirEntries) {
  ExpectRoundTrip("memory:one");
  const auto one = Opened("memory:one");
  const auto other = Opened("memory:other");
  EXPECT_TRUE(one->SetByStr<std::string>("key", "value").ok());
  EXPECT_FALSE(other->GetByStr<std::string>("key").is_hit());
}

TEST(OpenTest, AppliesTheOptionsOfSqlite) {
  const auto cache = Opened(
      "memory:limited?max_entries=7&max_bytes=64KiB&"
      "max_database_bytes=2MiB&max_log_bytes=9MiB");
  EXPECT_EQ(LimitOf(*cache, "max_entries"), "7");
  EXPECT_EQ(LimitOf(*cache, "max_bytes"), "65536");
  EXPECT_EQ(LimitOf(*cache, "max_database_bytes"), "2097152");
  const TempDir dir;
  const auto file = Opened(
      "sqlite:" + dir.path() +
      "/cache.db?max_entries=8&max_bytes=1GB&busy_timeout=50ms&"
      "touch_flush_interval=1s&touch_flush_count=9&expiry_sweep_interval=1m&"
      "max_log_bytes=1MiB");
  EXPECT_EQ(LimitOf(*file, "max_entries"), "8");
  EXPECT_EQ(LimitOf(*file, "max_bytes"), "1000000000");
}

TEST(OpenTest, AppliesTheWriteBehindWindowInMemoryOnly) {
  const auto cache = Opened(
      "memory:window?write_behind_interval=1s&write_behind_bytes=1MiB&"
      "resident_bytes=2MiB");
  EXPECT_EQ(LimitOf(*cache, "write_behind_interval"), "1000 ms");
  EXPECT_EQ(LimitOf(*cache, "write_behind_bytes"), "1048576");
  for (const char* const uri :
       {"memory:small?write_behind_bytes=1KiB",
        "memory:none?write_behind_interval=0ms",
        "sqlite:/tmp/cache.db?write_behind_bytes=1MiB"}) {
    const auto opened = Open(uri);
    EXPECT_TRUE(opened.status().Is(ErrorCode::kInvalidArgument)) << uri;
    EXPECT_NE(opened.status().ToString().find("write_behind"),
              std::string::npos)
        << opened.status().ToString();
  }
}

TEST(OpenTest, ThePrefixOfTheUriOverridesTheDefault) {
  CacheOptions defaults;
  defaults.prefix = "default";
  EXPECT_EQ((*Open("memory:prefix", defaults))->prefix(), "default");
  EXPECT_EQ((*Open("memory:prefix?prefix=a%2Fb", defaults))->prefix(), "a/b");
  EXPECT_EQ((*Open("memory:prefix"))->prefix(), "pyappcache");
}

TEST(OpenTest, OpensRedisByHostAndBySocket) {
  RedisServer server;
  const std::string port = std::to_string(server.port());
  ExpectRoundTrip("redis://127.0.0.1:" + port);
  ExpectRoundTrip("redis://localhost:" + port + "/?prefix=app");
  ExpectRoundTrip("redis://127.0.0.1:" + port + "/3");
  ExpectRoundTrip("redis+unix://" + server.socket_path() + "?db=4");
  EXPECT_EQ(server.Run("GET pyappcache/key"), "value");
  EXPECT_EQ(server.Run("GET app/key"), "value");
  server.Run("SELECT 3");
  EXPECT_EQ(server.Run("DBSIZE"), ":1");
  server.Run("SELECT 4");
  EXPECT_EQ(server.Run("DBSIZE"), ":1");
}

TEST(OpenTest, RedisLogsInWithTheUserAndPasswordOfTheUri) {
  RedisServer server;
  server.Run("ACL SETUSER ada on >p@ss/w:rd ~* +@all");
  const std::string port = std::to_string(server.port());
  server.Run("CONFIG SET requirepass " + std::string(kSecret));
  ExpectRoundTrip("redis://ada:p%40ss%2fw:rd@127.0.0.1:" + port);
  ExpectRoundTrip("redis://:hunter2@127.0.0.1:" + port);
  ExpectRoundTrip("redis+unix://:hunter2@" + server.socket_path());
}

TEST(OpenTest, AppliesTheOptionsOfRedis) {
  const auto cache = Opened(
      "redis://cache.example/5?timeout=50ms&connect_timeout=20ms&"
      "max_connections=3&max_reply_bytes=1MiB");
  EXPECT_EQ(LimitOf(*cache, "timeout"), "50 ms");
  EXPECT_EQ(LimitOf(*cache, "connect_timeout"), "20 ms");
  EXPECT_EQ(LimitOf(*cache, "max_connections"), "3");
  EXPECT_EQ(LimitOf(*cache, "max_reply_bytes"), "1048576");
  EXPECT_EQ(cache->Traits().location, "cache.example:6379, database 5");
  EXPECT_EQ(Opened("redis://[::1]")->Traits().location,
            "[::1]:6379, database 0");
}

TEST(OpenTest, OpensATierOfTwoCaches) {
  RedisServer server;
  const std::string remote = "redis+unix://" + server.socket_path();
  ExpectRoundTrip("tiered:memory:tier?max_entries=50|" + remote);
  const auto cache =
      Opened("tiered:memory:tier?max_entries=50|" + remote +
             "?timeout=70ms|max_staleness=1s&when_lost=serve_stale&"
             "max_stale_age=1m&max_local_ttl=5s&untracked_ttl=2s&"
             "absence_ttl=1s&open_for=3s&failures=4&max_pending=9&prefix=p");
  EXPECT_EQ(cache->Traits().name, "tiered");
  EXPECT_EQ(cache->prefix(), "p");
  EXPECT_EQ(LimitOf(*cache, "max_staleness"), "1000 ms");
  EXPECT_EQ(LimitOf(*cache, "when_lost"), "serve_stale");
  EXPECT_EQ(LimitOf(*cache, "timeout"), "70 ms");
  EXPECT_EQ(LimitOf(*cache, "local max_entries"), "50");
  EXPECT_TRUE(cache->SetByStr<std::string>("key", "value").ok());
  EXPECT_EQ(server.Run("GET p/key"), "value");
}

struct Mistake {
  const char* uri;
  const char* message;  // a part of it
};

TEST(OpenTest, AMistakeIsAnErrorThatNamesTheValidForm) {
  const Mistake mistakes[] = {
      {"cache.db", "must start with a scheme"},
      {"http://localhost", "sqlite:PATH"},
      {"http://localhost", "redis://USER:PASSWORD@HOST:PORT/DATABASE"},
      {"tiered:memory:a|memory:b|when_lost=never",
       "invalid option when_lost of a tiered cache: it must be one of bypass, "
       "bounded, serve_stale"},
      {"tiered:memory:a|memory:b?prefix=p", "an option of the tier itself"},
      {"tiered:memory:a|memory:b|max_staleness=1ms", "max_staleness is 1 ms"},
      {"tiered:memory:a?x=1|memory:b", "memory"},
      {"sqlite:", "the path is missing; write it as sqlite:PATH"},
      {"sqlite:?max_entries=1", "the path is missing"},
      {"sqlite://host/cache.db", "no user, password or host"},
      {"sqlite://ada@/cache.db", "no user, password or host"},
      {"sqlite::memory:", "memory:NAME"},
      {"sqlite:cache.db?timeout=1s",
       "a sqlite cache has no option timeout; it has the options prefix, "
       "max_entries, max_bytes, max_database_bytes, max_log_bytes, "
       "busy_timeout"},
      {"sqlite:cache.db?max_entries=0", "a number, and at least 1"},
      {"sqlite:cache.db?max_bytes=0", "max_bytes"},
      {"sqlite:cache.db?max_bytes=big", "64KiB, 8MiB, 1GiB"},
      {"memory:", "memory:NAME"},
      {"memory:x?max_log=1", "a memory cache has no option"},
      {"memory:x?max_database_bytes=1KiB", "max_database_bytes"},
      {"redis:", "has one host"},
      {"redis:///0", "has one host"},
      {"redis:localhost", "has one host"},
      {"redis://a,b", "has one host"},
      {"redis://a/x", "a database is a number"},
      {"redis://a/-1", "a database is a number"},
      {"redis://a/1/2", "a database is a number"},
      {"redis://a/4294967296", "a database is a number"},
      {"redis://a?db=1",
       "it has the options prefix, timeout, connect_timeout, max_connections, "
       "max_reply_bytes"},
      {"redis://a?timeout=0", "timeout is 0 ms"},
      {"redis://a?timeout=fast", "500ms, 10s"},
      {"redis://a?max_connections=10001", "from 1 to 10,000"},
      {"redis://ada@a", "a user but no password"},
      {"redis+unix://", "has a path and no host"},
      {"redis+unix://a/path", "has a path and no host"},
      {"redis+unix:///path?db=-1", "invalid option db of a redis+unix cache"},
  };
  for (const Mistake& mistake : mistakes) {
    const auto cache = Open(mistake.uri);
    ASSERT_FALSE(cache.ok()) << mistake.uri;
    EXPECT_TRUE(cache.status().Is(ErrorCode::kInvalidArgument)) << mistake.uri;
    const std::string& message = cache.error().message;
    EXPECT_NE(message.find(mistake.message), std::string::npos)
        << mistake.uri << ": " << message;
  }
}

TEST(OpenTest, EveryOpenerRejectsUnknownOptions) {
  for (const internal::KnownScheme& scheme : internal::kKnownSchemes) {
    internal::Uri uri;
    uri.scheme = scheme.name;
    uri.path = "/nowhere/cache";
    uri.options = {{"no_such_option", "1"}};
    const auto cache = internal::OpenUri(uri, CacheOptions());
    ASSERT_FALSE(cache.ok()) << scheme.name;
    if (cache.status().Is(ErrorCode::kUnsupported)) continue;
    EXPECT_EQ(cache.error().message.find("a " + uri.scheme +
                                         " cache has no option no_such_option; "
                                         "it has the options prefix, "),
              0u)
        << cache.error().message;
  }
}

// Wherever the password is in the URI, neither an error of Open nor one of a
// later operation contains it.
TEST(OpenTest, NoMessageContainsAPassword) {
  const std::string right = std::string("ada:") + kSecret + "@";
  RedisServer server;
  const std::string there = "127.0.0.1:" + std::to_string(server.port());
  const std::string gone = "127.0.0.1:1/0?timeout=1s";
  const std::vector<std::string> uris = {
      // A well-formed password, and a mistake elsewhere.
      "redis://" + right,
      "redis://" + right + "/0",
      "redis://" + right + ":6379",
      "redis://" + right + "host:x",
      "redis://" + right + "host/x",
      "redis://" + right + "host/%",
      "redis://" + right + "host?timeout=0",
      "redis://" + right + "host?timeout=x",
      "redis://" + right + "host?no=1",
      "redis://" + right + "a,b",
      "redis+unix://" + right,
      "redis+unix://" + right + "host/path",
      "redis+unix://" + right + "/nowhere/redis",
      "memcached://" + right + "host",
      "lmdb://" + right + "/path",
      "sqlite://" + right + "/path",
      "memory://" + right + "name",
      "http://" + right + "host",
      "redis://" + right + there,
      "redis://" + right + gone,
      // A misplaced password, or one that is not escaped.
      std::string(kSecret) + ":x@host",
      std::string(kSecret) + "://host",
      std::string("redis://") + kSecret + "@host",
      std::string("redis://ada:") + kSecret,
      std::string("redis://ada:x@") + kSecret + "@host",
      std::string("redis://ada:x/") + kSecret + "@host",
      std::string("redis://ada:1?") + kSecret + "@host",
      std::string("redis://ada:1?x=") + kSecret + "@host",
      std::string("redis://ada:x#") + kSecret + "@host",
      std::string("redis://ada:x%") + kSecret + "@host",
      std::string("redis://[") + kSecret + "]",
      std::string("redis://host/") + kSecret,
      std::string("redis://host?") + kSecret,
      std::string("redis://host?timeout=") + kSecret,
      std::string("redis://host?password=") + kSecret,
      "tiered:memory:a|redis://" + right + there + "|x=1",
      std::string("tiered:memory:a|redis://ada:x|") + kSecret + "@host",
      std::string("tiered:memory:a|redis://host|max_staleness=") + kSecret,
  };
  const CapturedLog log;
  for (const std::string& uri : uris) {
    auto cache = Open(uri, log.options());
    const Status status =
        cache.ok() ? (*cache)->Ping().status() : cache.status();
    EXPECT_FALSE(status.ok()) << uri;
    EXPECT_EQ(status.ToString().find(kSecret), std::string::npos)
        << status.ToString();
    if (!cache.ok()) continue;
    const auto traits = (*cache)->Traits();
    EXPECT_EQ(traits.location.find(kSecret), std::string::npos);
    EXPECT_FALSE((*cache)->SetByStr<std::string>("key", "value").ok());
    EXPECT_EQ((*cache)->Clear().ToString().find(kSecret), std::string::npos);
  }
  for (const std::string& line : log.lines()) {
    EXPECT_EQ(line.find(kSecret), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace appcache
