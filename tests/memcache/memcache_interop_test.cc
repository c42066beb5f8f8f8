// Programs in Python and this library read each other's entries, on one server
// and on several.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/json_serialiser.h"
#include "appcache/memcache_cache.h"
#include "tests/servers/memcached_server.h"

namespace appcache {

struct Point {
  int x = 0;
  int y = 0;
};
void to_json(nlohmann::json& json, const Point& point) {
  json = {{"x", point.x}, {"y", point.y}};
}
void from_json(const nlohmann::json& json, Point& point) {
  json.at("x").get_to(point.x);
  json.at("y").get_to(point.y);
}

namespace {

MemcacheServer Tcp(std::string host, uint16_t port, uint32_t weight = 1) {
  return {std::move(host), port, "", weight};
}

struct PointKey {
  using value_type = Point;
  using serialiser = JsonSerialiser<Point, nlohmann::json>;
  std::string_view under;
  void AppendTo(KeyPath& path) const {
    if (!under.empty()) path.Segment(under);
    path.Segment("point");
  }
};

struct PageKey {
  using value_type = std::string;
  std::string_view under;
  void AppendTo(KeyPath& path) const {
    if (!under.empty()) path.Segment(under);
    path.Segment("page");
  }
  bool should_compress(const std::string&, std::string_view) const {
    return true;
  }
};

struct ItemKey {
  using value_type = std::string;
  int id;
  void AppendTo(KeyPath& path) const { path.Segment("item").Segment(id); }
  Key<int> namespace_key() const { return Key<int>("version"); }
};

std::string AllBytes() {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  return all;
}

std::string Page() {
  std::string page;
  for (int i = 0; i < 1000; ++i) page += "page ";
  return page;
}

void ShareWithPython(const std::vector<MemcacheServer>& servers,
                     const std::string& python_servers) {
  MemcacheCacheOptions options;
  options.servers = servers;
  options.timeout = std::chrono::seconds(60);
  const std::unique_ptr<MemcacheCache> cache = *MemcacheCache::Open(options);
  ASSERT_TRUE(cache->Set(Key<std::string>("user", 7), "Ada").ok());
  ASSERT_TRUE(cache->Set(Key<std::string>("bytes"), AllBytes()).ok());
  ASSERT_TRUE(cache->Set(Key<int>("count"), 42).ok());
  ASSERT_TRUE(cache->Set(PageKey{}, Page()).ok());
  ASSERT_TRUE(cache->Set(PointKey{}, {3, -4}).ok());
  ASSERT_TRUE(cache->Set(Key<int>("version"), 12).ok());
  ASSERT_TRUE(cache->Set(ItemKey{1}, "in it").ok());
  ASSERT_TRUE(cache->Set(Key<std::string>("grüße"), "umlaut").ok());
  constexpr int kKeys = 300;
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(cache->Set(Key<int>("cpp", i), i).ok());
  }

  // Debian's interpreter, which finds Debian's packages.
  const std::string python = "/usr/bin/python3 tests/memcache/interop.py ";
  ASSERT_EQ(std::system((python + python_servers).c_str()), 0)
      << "is it installed? apt-get install python3-pylibmc";

  EXPECT_EQ(*cache->Get(Key<std::string>("py", "string")), "Grüße");
  EXPECT_EQ(*cache->Get(Key<std::string>("py", "bytes")), AllBytes());
  EXPECT_EQ(*cache->Get(PageKey{"py"}), Page());
  const Lookup<Point> point = cache->Get(PointKey{"py"});
  ASSERT_TRUE(point.is_hit());
  EXPECT_EQ(point->x, 5);
  EXPECT_EQ(point->y, 6);
  EXPECT_EQ(*cache->Get(ItemKey{1}), "in the next");
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(cache->Get(Key<int>("py", i)).value_or(-1), i);
  }
}

TEST(MemcacheInteropTest, PythonAndThisLibraryReadEachOthersEntries) {
  const MemcachedServer server;
  ShareWithPython({{.unix_path = server.socket_path()}}, server.socket_path());
}

TEST(MemcacheInteropTest, PythonFindsEachKeyOnTheSameServer) {
  const MemcachedServer one;
  const MemcachedServer other;
  ShareWithPython(
      {{.unix_path = one.socket_path()}, {.unix_path = other.socket_path()}},
      one.socket_path() + " " + other.socket_path());
}

TEST(MemcacheInteropTest, PythonFindsEachKeyOnTheSameServerByWeight) {
  using Listen = MemcachedServer::Listen;
  const MemcachedServer light({}, Listen::kTcp);
  const MemcachedServer heavy({}, Listen::kTcp);
  const auto port = [](const MemcachedServer& server) {
    return static_cast<uint16_t>(server.port());
  };
  ShareWithPython(
      {Tcp("127.0.0.1", port(light), 1), Tcp("127.0.0.1", port(heavy), 3)},
      "127.0.0.1:" + std::to_string(light.port()) +
          ":1 127.0.0.1:" + std::to_string(heavy.port()) + ":3");
}

}  // namespace
}  // namespace appcache
