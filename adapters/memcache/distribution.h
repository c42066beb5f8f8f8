// Distribution: maps keys to servers.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_
#define APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "appcache/error.h"
#include "appcache/memcache_cache_options.h"

struct memcached_st;

namespace appcache::memcache {

// Weighted ketama over MD5, computed by libmemcached, so that other clients
// with that setting (pylibmc: ketama_weighted) find every key on the same
// server. The map depends on the weights and on how hosts, ports and paths are
// spelled; it does not depend on the order of the servers.
//
// Thread-safe, without a lock: memcached_generate_hash takes libmemcached's
// state as const, and neither stores anything nor connects.
class Distribution {
 public:
  // kInvalidArgument when libmemcached rejects a server. Throws std::bad_alloc.
  // A single server has all keys, and nothing is hashed. REQUIRES:
  // !servers.empty().
  static Result<Distribution> Make(std::span<const MemcacheServer> servers);

  // The index of the server that has the key. REQUIRES: `key` is not empty.
  size_t ServerOf(std::string_view key) const noexcept;

 private:
  struct Free {
    void operator()(memcached_st* state) const noexcept;
  };

  // Null for a single server.
  std::unique_ptr<memcached_st, Free> state_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_
