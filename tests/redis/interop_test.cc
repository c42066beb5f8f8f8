// What this library writes a Python program reads, and the other way round: the
// keys and values of pyappcache, by a client of Debian's.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "adapters/redis/redis_cache.h"
#include "engine/json_serialiser.h"
#include "tests/servers/redis_server.h"

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

TEST(RedisInteropTest, PythonReadsWhatIsWrittenHereAndTheOtherWayRound) {
  RedisServer server;
  RedisCacheOptions options;
  options.unix_path = server.socket_path();
  const std::unique_ptr<RedisCache> cache = *RedisCache::Open(options);

  ASSERT_TRUE(cache->Set(Key<std::string>("user", 7), "Ada").ok());
  ASSERT_TRUE(cache->Set(Key<std::string>("bytes"), AllBytes()).ok());
  ASSERT_TRUE(cache->Set(Key<int>("count"), 42).ok());
  ASSERT_TRUE(cache->Set(PageKey{}, Page()).ok());
  ASSERT_TRUE(cache->Set(PointKey{}, {3, -4}).ok());
  ASSERT_TRUE(cache->Set(Key<int>("version"), 12).ok());
  ASSERT_TRUE(cache->Set(ItemKey{1}, "in it").ok());
  ASSERT_TRUE(cache->Set(Key<int>("brief"), 1, std::chrono::seconds(60)).ok());

  // Debian's own, which has Debian's packages.
  const std::string python = "/usr/bin/python3 tests/redis/interop.py ";
  ASSERT_EQ(std::system((python + server.socket_path()).c_str()), 0)
      << "is it installed? apt-get install python3-redis";

  EXPECT_EQ(*cache->Get(Key<std::string>("py", "string")), "Grüße");
  EXPECT_EQ(*cache->Get(Key<std::string>("py", "bytes")), AllBytes());
  EXPECT_EQ(*cache->Get(PageKey{"py"}), Page());
  const Lookup<Point> point = cache->Get(PointKey{"py"});
  ASSERT_TRUE(point.is_hit());
  EXPECT_EQ(point->x, 5);
  EXPECT_EQ(point->y, 6);
  EXPECT_EQ(*cache->Get(ItemKey{1}), "in the next");
}

}  // namespace
}  // namespace appcache
