// Several servers: which has a key, what happens when one is away, and that
// programs in Python find on them what is written here, and the other way
// round.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/memcache/distribution.h"
#include "adapters/memcache/memcache_cache.h"
#include "engine/json_serialiser.h"
#include "tests/servers/call_times.h"
#include "tests/servers/full_port.h"
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

using std::chrono::milliseconds;

MemcacheServer Tcp(std::string host, uint16_t port, uint32_t weight = 1) {
  return {std::move(host), port, "", weight};
}

// Which of the servers has "pyappcache/0", "pyappcache/1", ...
std::string MapOf(const std::vector<MemcacheServer>& servers) {
  const auto distribution = *memcache::Distribution::Make(servers);
  std::string map;
  for (int i = 0; i < 60; ++i) {
    map += std::to_string(
        distribution.ServerOf("pyappcache/" + std::to_string(i)));
  }
  return map;
}

// libmemcached's weighted ketama, of which versions have differed: a change
// here would lose the entries of all who upgrade.
TEST(MemcacheDistributionTest, TheMapIsFixed) {
  EXPECT_EQ(MapOf({Tcp("10.0.0.1", 11211), Tcp("10.0.0.2", 11211),
                   Tcp("10.0.0.3", 11211)}),
            "000122200102010211201010100000"
            "001100001011111102012102000221");
  EXPECT_EQ(MapOf({Tcp("10.0.0.1", 11211, 1), Tcp("10.0.0.2", 11212, 4)}),
            "110111111111110111111111101111"
            "011101111011011111011011011101");
  EXPECT_EQ(MapOf({{.unix_path = "/run/a"}, {.unix_path = "/run/b"}}),
            "001010101010100011111000000110"
            "111011011111100000110101010011");
}

TEST(MemcacheDistributionTest, DoesNotDependOnTheOrder) {
  const std::string map =
      MapOf({Tcp("10.0.0.1", 11211), Tcp("10.0.0.2", 11211)});
  std::string turned = MapOf({Tcp("10.0.0.2", 11211), Tcp("10.0.0.1", 11211)});
  for (char& server : turned) server = server == '0' ? '1' : '0';
  EXPECT_EQ(turned, map);
}

TEST(MemcacheDistributionTest, OneServerHasAllKeys) {
  EXPECT_EQ(MapOf({Tcp("10.0.0.1", 11211)}), std::string(60, '0'));
}

class ThreeServersTest : public testing::Test {
 protected:
  static constexpr milliseconds kTimeout{500};

  ThreeServersTest() {
    MemcacheCacheOptions options;
    options.servers.clear();
    for (const MemcachedServer& server : servers_) {
      options.servers.emplace_back().unix_path = server.socket_path();
    }
    options.timeout = kTimeout;
    cache_ = *MemcacheCache::Open(options);
    for (int i = 0; i < 100; ++i) paths_.push_back("path" + std::to_string(i));
    views_.assign(paths_.begin(), paths_.end());
    for (const std::string_view path : views_) entries_.push_back({path, path});
  }

  // Of the paths, those that are on that server.
  size_t CountOn(MemcachedServer& server) {
    size_t count = 0;
    for (const std::string& path : paths_) {
      if (server.Run("get " + path) != "END") ++count;
    }
    return count;
  }

  std::array<MemcachedServer, 3> servers_;
  std::unique_ptr<MemcacheCache> cache_;
  std::vector<std::string> paths_;
  std::vector<std::string_view> views_;
  std::vector<Cache::RawEntry> entries_;
};

TEST_F(ThreeServersTest, EachKeyIsOnOneServerAndABatchFindsAll) {
  ASSERT_TRUE(cache_->SetManyRaw(entries_).ok());
  size_t all = 0;
  for (MemcachedServer& server : servers_) {
    const size_t count = CountOn(server);
    EXPECT_GT(count, 10u);
    all += count;
  }
  EXPECT_EQ(all, paths_.size());
  const auto found = cache_->GetManyRaw(views_);
  for (size_t i = 0; i < paths_.size(); ++i) {
    ASSERT_TRUE(found[i].is_hit());
    EXPECT_EQ(found[i]->view(), paths_[i]);
  }
  const auto timed = cache_->GetManyTimedRaw(views_);
  for (size_t i = 0; i < paths_.size(); ++i) {
    ASSERT_TRUE(timed[i].is_hit());
    EXPECT_EQ(timed[i]->value.view(), paths_[i]);
  }
  ASSERT_TRUE(cache_->InvalidateManyRaw(views_).ok());
  for (MemcachedServer& server : servers_) EXPECT_EQ(CountOn(server), 0u);
}

TEST_F(ThreeServersTest, ClearAndPingGoToAll) {
  ASSERT_TRUE(cache_->SetManyRaw(entries_).ok());
  ASSERT_TRUE(cache_->Clear().ok());
  for (MemcachedServer& server : servers_) EXPECT_EQ(CountOn(server), 0u);
  EXPECT_TRUE(cache_->Ping()->starts_with("memcached 1."));
  EXPECT_EQ(cache_->Ping()->find(','), std::string::npos);
  servers_[1].Kill();
  EXPECT_EQ(cache_->Ping().error().code, ErrorCode::kUnavailable);
  // The others are cleared all the same.
  ASSERT_FALSE(cache_->SetManyRaw(entries_).ok());
  EXPECT_TRUE(cache_->Clear().Is(ErrorCode::kUnavailable));
  EXPECT_EQ(CountOn(servers_[0]), 0u);
  EXPECT_EQ(CountOn(servers_[2]), 0u);
}

TEST_F(ThreeServersTest, OneThatIsAwayCostsItsOwnKeysOnly) {
  ASSERT_TRUE(cache_->SetManyRaw(entries_).ok());
  const size_t lost = CountOn(servers_[1]);
  servers_[1].Kill();
  const auto found = cache_->GetManyRaw(views_);
  size_t failed = 0;
  for (size_t i = 0; i < paths_.size(); ++i) {
    if (found[i].has_error()) ++failed;
    if (found[i]) {
      EXPECT_EQ(found[i]->view(), paths_[i]);
    }
  }
  EXPECT_EQ(failed, lost);
  for (const Lookup<TimedBytes>& timed : cache_->GetManyTimedRaw(views_)) {
    if (timed.has_error()) --failed;
  }
  EXPECT_EQ(failed, 0u);
  const Status status = cache_->SetManyRaw(entries_);
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find(servers_[1].socket_path()),
            std::string::npos);
  EXPECT_EQ(CountOn(servers_[0]) + CountOn(servers_[2]), paths_.size() - lost);
  servers_[1].Start();
  EXPECT_TRUE(cache_->SetManyRaw(entries_).ok());
}

// The others' answers have long been there when the time is up.
TEST_F(ThreeServersTest, OneThatHangsCostsItsOwnKeysAndTheTimeoutOnce) {
  ASSERT_TRUE(cache_->SetManyRaw(entries_).ok());
  const size_t lost = CountOn(servers_[0]) + CountOn(servers_[1]);
  servers_[0].Freeze();
  servers_[1].Freeze();
  ExpectTimesOut(kTimeout, [&] {
    size_t failed = 0;
    Status last;
    for (const Lookup<Bytes>& lookup : cache_->GetManyRaw(views_)) {
      if (!lookup.has_error()) continue;
      ++failed;
      last = lookup.status();
      EXPECT_TRUE(last.Is(ErrorCode::kTimeout)) << last.ToString();
    }
    EXPECT_EQ(failed, lost);
    return last;
  });
  servers_[0].Thaw();
  servers_[1].Thaw();
  for (const Lookup<Bytes>& lookup : cache_->GetManyRaw(views_)) {
    EXPECT_TRUE(lookup.is_hit());
  }
}

TEST(MemcacheUnreachableTest, ServersThatCannotBeReachedLeaveTimeForOthers) {
  const FullPort one;
  const FullPort other;
  const MemcachedServer server;
  MemcacheCacheOptions options;
  options.servers = {Tcp("127.0.0.1", one.number()),
                     Tcp("127.0.0.1", other.number()),
                     {.unix_path = server.socket_path()}};
  options.timeout = options.connect_timeout = milliseconds(600);
  const auto cache = *MemcacheCache::Open(options);
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) paths.push_back(std::to_string(i));
  const std::vector<std::string_view> views(paths.begin(), paths.end());
  size_t misses = 0;
  for (const Lookup<Bytes>& found : cache->GetManyRaw(views)) {
    if (found.has_error()) {
      EXPECT_EQ(found.error().code, ErrorCode::kTimeout);
      EXPECT_NE(found.error().message.find("cannot reach"), std::string::npos);
    } else {
      ++misses;
    }
  }
  EXPECT_GT(misses, 10u);
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

void Share(const std::vector<MemcacheServer>& servers,
           const std::string& as_python_has_them) {
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

  // Debian's own, which has Debian's packages.
  const std::string python = "/usr/bin/python3 tests/memcache/interop.py ";
  ASSERT_EQ(std::system((python + as_python_has_them).c_str()), 0)
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

TEST(MemcacheInteropTest, PythonReadsWhatIsWrittenHereAndTheOtherWayRound) {
  const MemcachedServer server;
  Share({{.unix_path = server.socket_path()}}, server.socket_path());
}

TEST(MemcacheInteropTest, PythonFindsEachKeyOnTheSameServer) {
  const MemcachedServer one;
  const MemcachedServer other;
  Share({{.unix_path = one.socket_path()}, {.unix_path = other.socket_path()}},
        one.socket_path() + " " + other.socket_path());
}

TEST(MemcacheInteropTest, PythonFindsEachKeyOnTheSameServerByWeight) {
  using Listen = MemcachedServer::Listen;
  const MemcachedServer light({}, Listen::kTcp);
  const MemcachedServer heavy({}, Listen::kTcp);
  const auto port = [](const MemcachedServer& server) {
    return static_cast<uint16_t>(server.port());
  };
  Share({Tcp("127.0.0.1", port(light), 1), Tcp("127.0.0.1", port(heavy), 3)},
        "127.0.0.1:" + std::to_string(light.port()) +
            ":1 127.0.0.1:" + std::to_string(heavy.port()) + ":3");
}

}  // namespace
}  // namespace appcache
