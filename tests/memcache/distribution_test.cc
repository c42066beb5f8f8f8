// Distribution: the map from keys to servers.

#include "adapters/memcache/distribution.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/memcache/md5_text.h"

namespace appcache::memcache::distribution_test {
namespace {

using ServerList = std::vector<MemcacheServer>;

MemcacheServer Tcp(std::string host, uint16_t port = 11211,
                   uint32_t weight = 1) {
  return {std::move(host), port, "", weight};
}

MemcacheServer Unix(std::string path) { return {.unix_path = std::move(path)}; }

// The indexes of the servers of "pyappcache/0", "pyappcache/1", and so on, each
// followed by a comma.
std::string MapOf(const ServerList& servers, int keys) {
  const Distribution distribution(servers);
  std::string map;
  for (int i = 0; i < keys; ++i) {
    map += std::to_string(
               distribution.ServerOf("pyappcache/" + std::to_string(i))) +
           ",";
  }
  return map;
}

// cache-0.example, cache-1.example, and so on.
ServerList Numbered(int count) {
  ServerList servers;
  for (int i = 0; i < count; ++i) {
    servers.push_back(Tcp("cache-" + std::to_string(i) + ".example"));
  }
  return servers;
}

// Each on a port of its own, with the squares of 1, 2, 3 and so on as weights.
ServerList Squares(int count) {
  ServerList servers = Numbered(count);
  for (int i = 0; i < count; ++i) {
    servers[i].port = static_cast<uint16_t>(21211 + i);
    servers[i].weight = static_cast<uint32_t>((i + 1) * (i + 1));
  }
  return servers;
}

// The map of 12 keys, and the MD5 digest of that of 10,000, as libmemcached
// 1.1.4 computes them with MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED.
struct GoldenMap {
  ServerList servers;
  const char* first_keys;
  const char* digest;
};

// A change of a map would lose the entries of all programs that upgrade, and
// separate them from programs in other languages.
TEST(DistributionTest, MapIsTheOneOfLibmemcached) {
  const GoldenMap kMaps[] = {
      {{Tcp("a.example"), Tcp("b.example")},
       "0,1,0,0,0,0,1,0,1,0,1,1,",
       "2639c9d42dac600d1b5fa25ac6ca6990"},
      {{Tcp("10.0.0.1"), Tcp("10.0.0.2"), Tcp("10.0.0.3")},
       "0,0,0,1,2,2,2,0,0,1,0,2,",
       "8388ad18e325994ea9e8c028dd73db05"},
      {{Tcp("10.0.0.1"), Tcp("10.0.0.1", 11212), Tcp("10.0.0.1", 1),
        Tcp("10.0.0.1", 65535)},
       "1,3,0,3,2,1,1,2,3,1,0,2,",
       "6f17009832ab3464db8a91a6280fec4e"},
      {{Tcp("10.0.0.1"), Tcp("10.0.0.2", 11212, 4)},
       "1,1,0,1,1,1,1,1,1,1,1,1,",
       "915a1c7e3280d392998f9d8e22406865"},
      {{Tcp("c1"), Tcp("c2", 11211, 1'000'000), Tcp("c3", 11299, 500)},
       "1,1,1,1,1,1,1,1,1,1,1,1,",
       "b584d06a3b9fed4895f163e494926c97"},
      {{Tcp("x", 11211, 3), Tcp("y", 11211, 5), Tcp("z", 11211, 7),
        Tcp("w", 11211, 11)},
       "1,2,3,3,3,2,2,1,3,3,1,2,",
       "17b82c49341b0d60d6e45df729c70b36"},
      {{Tcp("::1"), Tcp("2001:db8::7", 11211, 2), Tcp("fe80::1%eth0", 11212)},
       "0,1,2,2,1,2,1,1,2,2,1,1,",
       "2d4ee77c7b9610f98642acaa8dab5bd5"},
      {{Unix("/run/a"), Unix("/run/b")},
       "0,0,1,0,1,0,1,0,1,0,1,0,",
       "f9713e67d2de3c18cc6f0cda87f1b827"},
      {{Unix("/run/memcached/memcached.sock"), Tcp("localhost"),
        Tcp("localhost", 11212)},
       "2,0,2,1,2,0,2,2,1,2,2,0,",
       "3cea061ceb5fa1c8d31b3c3185ceb3b0"},
      {Numbered(17), "0,6,3,4,0,7,13,12,1,8,11,0,",
       "ecde2322c446f1487f9cf664b94b7d41"},
      {Squares(17), "13,13,13,16,12,15,6,15,11,14,15,15,",
       "adb93da37f1b73a9f2ec089d75faf863"},
      {Numbered(99), "72,85,23,66,0,83,27,12,1,58,21,77,",
       "599c5862840e6f7727d2e6e1db840b8d"},
  };
  for (const GoldenMap& golden : kMaps) {
    const std::string first = golden.servers[0].host;
    EXPECT_EQ(MapOf(golden.servers, 12), golden.first_keys) << first;
    EXPECT_EQ(Md5Text(MapOf(golden.servers, 10'000)), golden.digest) << first;
  }
}

TEST(DistributionTest, MapDoesNotDependOnTheOrderOfTheServers) {
  const std::string map = MapOf({Tcp("10.0.0.1"), Tcp("10.0.0.2")}, 60);
  std::string swapped = MapOf({Tcp("10.0.0.2"), Tcp("10.0.0.1")}, 60);
  for (char& server : swapped) {
    if (server != ',') server = server == '0' ? '1' : '0';
  }
  EXPECT_EQ(swapped, map);
}

TEST(DistributionTest, SingleServerHasAllKeys) {
  EXPECT_EQ(MapOf({Tcp("10.0.0.1")}, 3), "0,0,0,");
}

// libmemcached 1.1.4 aborts the program when there are more than 100.
TEST(DistributionTest, ThousandServersShareTheKeys) {
  const Distribution distribution(Numbered(1000));
  std::vector<int> keys(1000);
  for (int i = 0; i < 100'000; ++i) {
    ++keys[distribution.ServerOf("pyappcache/" + std::to_string(i))];
  }
  for (const int count : keys) {
    EXPECT_GT(count, 50);
    EXPECT_LT(count, 200);
  }
}

}  // namespace
}  // namespace appcache::memcache::distribution_test
