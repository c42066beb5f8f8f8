#include "adapters/memcache/distribution.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "adapters/memcache/md5.h"

namespace appcache::memcache {
namespace {

// Of a server of average weight. A digest makes a group of points.
constexpr uint32_t kPointsPerServer = 160;
constexpr uint32_t kPointsPerGroup = 4;
static_assert(kPointsPerGroup == Md5Digest().size());

// The port that is not a part of a server's name.
constexpr uint16_t kUnnamedPort = 11211;

// What the names of a server's groups of points start with.
std::string NameOf(const MemcacheServer& server) {
  if (!server.unix_path.empty()) return server.unix_path + ":0-";
  if (server.port == kUnnamedPort) return server.host + "-";
  return server.host + ":" + std::to_string(server.port) + "-";
}

// The number of groups of a server. The types matter: other clients round in
// single precision, and a group more or less moves keys.
uint32_t GroupsOf(uint32_t weight, uint64_t total_weight, size_t servers) {
  constexpr double kAgainstRoundingDown = 1e-10;
  const float share =
      static_cast<float>(weight) / static_cast<float>(total_weight);
  const float groups = share * float{kPointsPerServer} /
                       float{kPointsPerGroup} * static_cast<float>(servers);
  return static_cast<uint32_t>(
      static_cast<float>(double{groups} + kAgainstRoundingDown));
}

}  // namespace

Distribution::Distribution(std::span<const MemcacheServer> servers) {
  assert(!servers.empty());
  if (servers.size() == 1) return;
  uint64_t total_weight = 0;
  for (const MemcacheServer& server : servers) {
    assert(server.weight > 0);
    total_weight += server.weight;
  }
  for (size_t i = 0; i < servers.size(); ++i) {
    const std::string name = NameOf(servers[i]);
    const uint32_t groups =
        GroupsOf(servers[i].weight, total_weight, servers.size());
    for (uint32_t group = 0; group < groups; ++group) {
      for (const uint32_t place : Md5(name + std::to_string(group))) {
        points_.push_back({place, static_cast<uint32_t>(i)});
      }
    }
  }
  // Stable: of points in the same place, the first server's counts.
  std::ranges::stable_sort(points_, {}, &Point::place);
}

size_t Distribution::ServerOf(std::string_view key) const noexcept {
  if (points_.empty()) return 0;
  const uint32_t place = Md5(key)[0];
  const auto next = std::ranges::lower_bound(points_, place, {}, &Point::place);
  return next == points_.end() ? points_.front().server : next->server;
}

}  // namespace appcache::memcache
