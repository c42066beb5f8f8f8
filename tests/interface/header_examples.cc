// The examples in the comments of the public headers, word for word, in code
// that compiles them and runs those that need no server.
// header_examples_test.py checks that no example is missing here.

// clang-format off
// [example json_serialiser.h]
#include <nlohmann/json.hpp>
// [/example]
// clang-format on

#include <gtest/gtest.h>

#include <cassert>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/access_recorder.h"
#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/json_serialiser.h"
#include "appcache/lmdb_cache.h"
#include "appcache/memcache_cache.h"
#include "appcache/open.h"
#include "appcache/pickle_serialiser.h"
#include "appcache/prometheus.h"
#include "appcache/redis_cache.h"
#include "appcache/serialised_by.h"
#include "appcache/sqlite_cache.h"
#include "appcache/testing/fake_clock.h"
#include "appcache/tiered_cache.h"
#include "tests/support/map_cache.h"

// clang-format off
namespace appcache::header_examples {

int Fail(const std::string& message) {
  std::cerr << message << '\n';
  return 1;
}

namespace backend {
int RunExample() {
  // [example backend.h]
  struct MyBackend final : Backend {
    Lookup<Bytes> GetRaw(std::string_view path) override {
      const auto found = map_.find(path);
      if (found == map_.end()) return Lookup<Bytes>::Miss();
      return Lookup<Bytes>::Hit(found->second);
    }
    Status SetRaw(std::string_view path, std::string_view data, Ttl) override
    { map_[std::string(path)] = Bytes::Copy(data); return Status(); }
    Status InvalidateRaw(std::string_view path) override
    { map_.erase(std::string(path)); return Status(); }
    Status ClearRaw() override { map_.clear(); return Status(); }
    std::map<std::string, Bytes, std::less<>> map_;
  };
  Cache cache(std::make_shared<MyBackend>());
  // [/example]
  const Key<std::string> key("greeting", 7);
  EXPECT_FALSE(cache.Get(key));
  EXPECT_TRUE(cache.Set(key, "hello").ok());
  EXPECT_EQ(cache.Get(key).value(), "hello");
  EXPECT_EQ(cache.GetVia(key, [] { return "loaded"; }), "hello");
  EXPECT_EQ(cache.GetMany({key, Key<std::string>("none")})[0].value(), "hello");
  EXPECT_TRUE(cache.Invalidate(key).ok());
  EXPECT_FALSE(cache.Get(key));
  EXPECT_TRUE(cache.SetByStr("a", 1).ok());
  EXPECT_TRUE(cache.Clear().ok());
  EXPECT_FALSE(cache.GetByStr<int>("a"));
  EXPECT_TRUE(cache.Ping().ok());
  return 0;
}
TEST(HeaderExamplesTest, Backend) { EXPECT_EQ(RunExample(), 0); }
}  // namespace backend

namespace cache {
struct MyBackend final : MapBackend {};
std::string ReadFromDb(int id) { return "user " + std::to_string(id); }
// [example cache.h]
struct UserKey {
  using value_type = std::string;
  int id;
  void AppendTo(appcache::KeyPath& path) const {
    path.Segment("user").Segment(id);
  }
};
// [/example]
int RunExample() {
  // [example cache.h]
  Cache cache(std::make_shared<MyBackend>());
  // [/example]
  // [example cache.h]
  Status stored = cache.Set(UserKey{7}, "Ada", std::chrono::hours(1));
  if (!stored.ok()) return Fail(stored.ToString());
  if (auto name = cache.Get(UserKey{7})) std::cout << *name << '\n';
  std::string name = cache.GetVia(UserKey{7}, [] { return ReadFromDb(7); });
  // [/example]
  EXPECT_EQ(name, "Ada");
  return 0;
}
TEST(HeaderExamplesTest, Cache) { EXPECT_EQ(RunExample(), 0); }
TEST(HeaderExamplesTest, Read) {
  Cache cache(std::make_shared<MyBackend>());
  EXPECT_TRUE(cache.Set(UserKey{7}, "Ada").ok());
  // [example cache.h]
  Lookup<size_t> read = cache.Read(
      UserKey{7}, [](std::string_view name) { std::cout << name; });
  // [/example]
  EXPECT_EQ(*read, 3u);
}
}  // namespace cache

namespace json_serialiser {
struct User {
  std::string name;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, name)
// [example json_serialiser.h]
struct UserKey {
  using value_type = User;
  using serialiser = appcache::JsonSerialiser<User, nlohmann::json>;
  int id;
  void AppendTo(appcache::KeyPath& path) const { path.Segment(id); }
};
// [/example]
TEST(HeaderExamplesTest, JsonSerialiser) {
  MapCache cache;
  EXPECT_TRUE(cache.Set(UserKey{7}, User{"Ada"}).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/7"), R"({"name":"Ada"})");
  EXPECT_EQ(cache.Get(UserKey{7}).value().name, "Ada");
}
}  // namespace json_serialiser

namespace pickle_serialiser {
// [example pickle_serialiser.h]
struct UserKey {
  using value_type = std::map<std::string, std::vector<int>>;
  using serialiser = appcache::PickleSerialiser<value_type>;
  int id;
  void AppendTo(appcache::KeyPath& path) const { path.Segment(id); }
};
// [/example]
TEST(HeaderExamplesTest, PickleSerialiser) {
  MapCache cache;
  const UserKey::value_type user = {{"scores", {1, 2}}};
  EXPECT_TRUE(cache.Set(UserKey{7}, user).ok());
  EXPECT_EQ(cache.Get(UserKey{7}).value(), user);
}
}  // namespace pickle_serialiser

namespace key {
struct User {
  std::string name;
};
// [example serialiser.h]
struct UserSerialiser {
  static std::string Serialise(const User& user);
  static std::optional<User> Deserialise(const Bytes& bytes);
};
// [/example]
std::string UserSerialiser::Serialise(const User& user) { return user.name; }
std::optional<User> UserSerialiser::Deserialise(const Bytes& bytes) {
  return User{std::string(bytes.view())};
}
struct GroupKey {
  using value_type = int;
  void AppendTo(KeyPath& path) const { path.Segment("group"); }
};
struct UserKey {
  // [example key.h]
  using value_type = User;
  void AppendTo(KeyPath& path) const { path.Segment("user").Segment(id); }
  // [/example]
  // [example key.h]
  GroupKey namespace_key() const;  // or std::optional<GroupKey>
  bool should_compress(const User& user, std::string_view bytes) const;
  using serialiser = UserSerialiser;  // serialiser.h
  // [/example]
  int id;
};
GroupKey UserKey::namespace_key() const { return {}; }
bool UserKey::should_compress(const User&, std::string_view) const {
  return false;
}
TEST(HeaderExamplesTest, Key) {
  MapCache cache;
  EXPECT_TRUE(cache.Set(GroupKey(), 1).ok());
  EXPECT_TRUE(cache.Set(UserKey{7}, User{"Ada"}).ok());
  EXPECT_EQ(cache.StoredAt("pyappcache/1/user/7"), "Ada");
  EXPECT_EQ(cache.Get(UserKey{7}).value().name, "Ada");
  const int user_id = 8;
  // [example key.h]
  Key<std::string> greeting("greeting", user_id, "en");
  // [/example]
  EXPECT_EQ(greeting.view(), "greeting/8/en");
}
}  // namespace key

namespace loaded {
using cache::UserKey;
struct Row {
  std::string name;
  bool incomplete = false;
  Ttl good_for = std::chrono::minutes(1);
};
std::optional<Row> ReadFromDb(int id) {
  return id == 7 ? std::optional(Row{"Ada"}) : std::nullopt;
}
TEST(HeaderExamplesTest, Loaded) {
  MapCache cache;
  // [example loaded.h]
  auto user = cache.GetVia(UserKey{7}, [&]() -> Loaded<std::string> {
    auto row = ReadFromDb(7);
    if (!row) return Loaded<std::string>::NotFound(std::chrono::seconds(10));
    if (row->incomplete) return Loaded<std::string>::NotStored(row->name);
    return {row->name, row->good_for};
  });
  if (user) std::cout << *user;  // a std::optional<std::string>
  // [/example]
  EXPECT_EQ(user, "Ada");
  EXPECT_EQ(cache.TtlOf(UserKey{7}).value(), std::chrono::minutes(1));
}
}  // namespace loaded

namespace access_recorder {
TEST(HeaderExamplesTest, AccessRecorder) {
  SqliteCacheOptions options;
  // [example access_recorder.h]
  auto recorder = AccessRecorder::Create("/run/app/cache.record");
  if (recorder.ok()) options.cache.recorder = *recorder;
  // [/example]
  EXPECT_EQ(options.cache.recorder != nullptr, recorder.ok());
}
}  // namespace access_recorder

namespace log {
std::string last_alert;
void Alert(std::string_view message) { last_alert = message; }
TEST(HeaderExamplesTest, Log) {
  // [example log.h]
  CacheOptions options;
  options.log = [](LogLevel level, std::string_view message) {
    if (level == LogLevel::kError) Alert(message);
  };
  // [/example]
  options.log(LogLevel::kWarning, "a warning");
  EXPECT_EQ(last_alert, "");
  options.log(LogLevel::kError, "an error");
  EXPECT_EQ(last_alert, "an error");
}
}  // namespace log

namespace lookup {
using cache::UserKey;
void Use(const std::string& user) { EXPECT_EQ(user, "Ada"); }
TEST(HeaderExamplesTest, Lookup) {
  MapCache cache;
  const UserKey key{7};
  EXPECT_TRUE(cache.Set(key, "Ada").ok());
  // [example lookup.h]
  if (auto user = cache.Get(UserKey{7})) Use(*user);
  // [/example]
  // [example lookup.h]
  Lookup<size_t> length = cache.Get(key).Map(
      [](const std::string& text) { return text.size(); });
  // [/example]
  EXPECT_EQ(length.value(), 3u);
}
}  // namespace lookup

namespace prometheus {
std::string response;
void Respond(std::string text) { response = std::move(text); }
TEST(HeaderExamplesTest, Prometheus) {
  MapCache cache;
  // [example prometheus.h]
  appcache::PrometheusText text("users");
  appcache::AddTo(text, cache.Stats());
  Respond(text.text());  // appcache_hits_total{cache="users"} 9301, ...
  // [/example]
  EXPECT_NE(response.find("appcache_hits_total{cache=\"users\"} 0"),
            std::string::npos);
  MapCache session_cache;
  // [example prometheus.h]
  appcache::PrometheusText sessions("sessions");
  appcache::AddTo(sessions, session_cache.Stats());
  text.Append(sessions);
  // [/example]
  EXPECT_NE(text.text().find("appcache_hits_total{cache=\"sessions\"} 0"),
            std::string::npos);
}
}  // namespace prometheus

namespace fake_clock {
int RunExample() {
  // [example testing/fake_clock.h]
  auto clock = std::make_shared<appcache::FakeClock>();
  SqliteCacheOptions options;
  options.clock = clock;
  auto cache = SqliteCache::OpenInMemory(options);
  if (!cache.ok()) return Fail(cache.status().ToString());
  Key<std::string> greeting("greeting");
  auto stored = (*cache)->Set(greeting, "hello", std::chrono::seconds(10));
  if (!stored.ok()) return Fail(stored.ToString());
  clock->Advance(std::chrono::seconds(10));
  assert(!(*cache)->Get(greeting).is_hit());
  // [/example]
  return 0;
}
TEST(HeaderExamplesTest, FakeClock) { EXPECT_EQ(RunExample(), 0); }
}  // namespace fake_clock

namespace serialised_by {
struct UserKey {
  using value_type = std::string;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("user").Segment(id); }
};
// [example serialised_by.h]
template <class V>
using AppJson = appcache::JsonSerialiser<V, nlohmann::json>;
auto Json(auto key) { return SerialisedBy<AppJson, decltype(key)>(key); }
// [/example]
TEST(HeaderExamplesTest, SerialisedBy) {
  MapCache cache;
  EXPECT_TRUE(cache.Set(Json(UserKey{7}), "Ada").ok());
  // [example serialised_by.h]
  auto user = cache.Get(Json(UserKey{7}));
  // [/example]
  EXPECT_EQ(user.value(), "Ada");
  EXPECT_EQ(cache.StoredAt("pyappcache/user/7"), "\"Ada\"");
}
}  // namespace serialised_by

// --- Compiled only: these need a server, or a directory in /var.

int OpenByUri() {
  // [example open.h]
  auto cache = appcache::Open("redis://cache.example/0?timeout=50ms");
  if (!cache.ok()) return Fail(cache.status().ToString());
  auto stored = (*cache)->Set(Key<std::string>("greeting"), "hello");
  if (!stored.ok()) return Fail(stored.ToString());
  // [/example]
  return 0;
}

int OpenSqlite() {
  // [example sqlite_cache.h]
  auto opened = SqliteCache::OpenFile("/var/cache/app/cache.db");
  if (!opened.ok()) return Fail(opened.status().ToString());
  const std::unique_ptr<SqliteCache> cache = *std::move(opened);
  Status stored = cache->Set(Key<std::string>("greeting"), "hello");
  if (!stored.ok()) return Fail(stored.ToString());
  // [/example]
  return 0;
}

int OpenLmdb() {
  // [example lmdb_cache.h]
  auto cache = appcache::LmdbCache::Open("/var/cache/app");
  if (!cache.ok()) return Fail(cache.status().ToString());
  const appcache::Key<std::string> greeting("greeting");
  const auto stored =
      (*cache)->Set(greeting, "hello", std::chrono::hours(1));
  if (!stored.ok()) return Fail(stored.ToString());
  // [/example]
  return 0;
}

int OpenMemcache() {
  // [example memcache_cache.h]
  MemcacheCacheOptions options;
  options.servers = {{.host = "cache-1"}, {.host = "cache-2"}};
  MemcacheCache::Opened opened = MemcacheCache::Open(options);
  if (!opened.ok()) return Fail(opened.status().ToString());
  const std::unique_ptr<MemcacheCache> cache = *std::move(opened);
  Status stored = cache->Set(Key<std::string>("greeting"), "hello",
                             std::chrono::hours(1));
  if (!stored.ok()) return Fail(stored.ToString());
  // [/example]
  return 0;
}

int OpenRedis() {
  // [example redis_cache.h]
  RedisCacheOptions options;
  options.host = "cache.example";
  RedisCache::Opened opened = RedisCache::Open(options);
  if (!opened.ok()) return Fail(opened.status().ToString());
  const std::unique_ptr<RedisCache> cache = *std::move(opened);
  Status stored = cache->Set(Key<std::string>("greeting"), "hello",
                             std::chrono::hours(1));
  if (!stored.ok()) return Fail(stored.ToString());
  // [/example]
  return 0;
}

int OpenTier(const RedisCacheOptions& redis_options) {
  using cache::UserKey;
  // [example tiered_cache.h]
  auto local = SqliteCache::OpenInMemory({}, "app");
  auto remote = RedisCache::Open(redis_options);
  if (!local.ok()) return Fail(local.status().ToString());
  if (!remote.ok()) return Fail(remote.status().ToString());
  auto cache = TieredCache::Open((*local)->backend(), (*remote)->backend());
  if (!cache.ok()) return Fail(cache.status().ToString());
  auto user = (*cache)->Get(UserKey{7});
  // [/example]
  return user.has_error() ? Fail(user.status().ToString()) : 0;
}

}  // namespace appcache::header_examples
