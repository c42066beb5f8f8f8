// Distribution: maps keys to servers.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_
#define APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "appcache/memcache_cache_options.h"

namespace appcache::memcache {

// Weighted ketama over MD5, the same as libmemcached computes for
// MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, so that other clients with that setting
// (pylibmc: ketama_weighted) find every key on the same server. The map depends
// on the weights and on how hosts, ports and paths are spelled; it does not
// depend on the order of the servers.
//
// A circle of 32-bit numbers has points, each of which belongs to a server. The
// hash of a key is a place on the circle, and the next point's server has the
// key.
//
// Thread-safe.
class Distribution {
 public:
  // A single server has all keys, and nothing is hashed. Throws std::bad_alloc.
  // REQUIRES: !servers.empty(), and every weight is at least 1.
  explicit Distribution(std::span<const MemcacheServer> servers);

  // The index of the server that has the key.
  size_t ServerOf(std::string_view key) const noexcept;

 private:
  struct Point {
    uint32_t place;
    uint32_t server;
  };

  std::vector<Point> points_;  // by place; empty for a single server
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_
