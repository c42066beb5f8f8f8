// Distribution: the map from keys to servers.

#include "adapters/memcache/distribution.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace appcache::memcache {
namespace {

MemcacheServer Tcp(std::string host, uint16_t port, uint32_t weight = 1) {
  return {std::move(host), port, "", weight};
}

// The index of the server of "pyappcache/0", "pyappcache/1", and so on.
std::string MapOf(const std::vector<MemcacheServer>& servers) {
  const auto distribution = *Distribution::Make(servers);
  std::string map;
  for (int i = 0; i < 60; ++i) {
    map += std::to_string(
        distribution.ServerOf("pyappcache/" + std::to_string(i)));
  }
  return map;
}

// A change of the map would lose the entries of all programs that upgrade.
// (Versions of libmemcached have differed in weighted ketama.)
TEST(DistributionTest, MapIsFixed) {
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

TEST(DistributionTest, MapDoesNotDependOnTheOrderOfTheServers) {
  const std::string map =
      MapOf({Tcp("10.0.0.1", 11211), Tcp("10.0.0.2", 11211)});
  std::string swapped = MapOf({Tcp("10.0.0.2", 11211), Tcp("10.0.0.1", 11211)});
  for (char& server : swapped) server = server == '0' ? '1' : '0';
  EXPECT_EQ(swapped, map);
}

TEST(DistributionTest, SingleServerHasAllKeys) {
  EXPECT_EQ(MapOf({Tcp("10.0.0.1", 11211)}), std::string(60, '0'));
}

}  // namespace
}  // namespace appcache::memcache
