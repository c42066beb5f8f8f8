#include "tests/servers/python_interop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "appcache/json_serialiser.h"

namespace appcache {
namespace {

constexpr int kKeys = 300;

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

void WriteForPython(Cache& cache) {
  ASSERT_TRUE(cache.Set(Key<std::string>("user", 7), "Ada").ok());
  ASSERT_TRUE(cache.Set(Key<std::string>("bytes"), AllBytes()).ok());
  ASSERT_TRUE(cache.Set(Key<int>("count"), 42).ok());
  ASSERT_TRUE(cache.Set(PageKey{}, Page()).ok());
  ASSERT_TRUE(cache.Set(PointKey{}, {3, -4}).ok());
  ASSERT_TRUE(cache.Set(Key<int>("version"), 12).ok());
  ASSERT_TRUE(cache.Set(ItemKey{1}, "in it").ok());
  ASSERT_TRUE(cache.Set(Key<std::string>("grüße"), "umlaut").ok());
  ASSERT_TRUE(cache.Set(Key<int>("brief"), 1, std::chrono::seconds(60)).ok());
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(cache.Set(Key<int>("cpp", i), i).ok());
  }
}

void ReadWhatPythonWrote(Cache& cache) {
  EXPECT_EQ(*cache.Get(Key<std::string>("py", "string")), "Grüße");
  EXPECT_EQ(*cache.Get(Key<std::string>("py", "bytes")), AllBytes());
  EXPECT_EQ(*cache.Get(PageKey{"py"}), Page());
  const Lookup<Point> point = cache.Get(PointKey{"py"});
  ASSERT_TRUE(point.is_hit());
  EXPECT_EQ(point->x, 5);
  EXPECT_EQ(point->y, 6);
  EXPECT_EQ(*cache.Get(ItemKey{1}), "in the next");
  const Lookup<Ttl> ttl = cache.TtlOf(Key<int>("version"));
  ASSERT_TRUE(ttl.is_hit());
  EXPECT_GT(*ttl, Ttl(0));
  EXPECT_LE(*ttl, std::chrono::seconds(60));
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(cache.Get(Key<int>("py", i)).value_or(-1), i);
  }
}

}  // namespace

void ExpectSharedWithPython(Cache& cache, const std::string& arguments) {
  WriteForPython(cache);
  if (testing::Test::HasFatalFailure()) return;
  // Debian's interpreter, which finds Debian's packages.
  const std::string python = "/usr/bin/python3 tests/servers/interop.py ";
  ASSERT_EQ(std::system((python + arguments).c_str()), 0)
      << "Is the client installed? apt-get install python3-redis "
         "python3-pylibmc";
  ReadWhatPythonWrote(cache);
}

}  // namespace appcache
