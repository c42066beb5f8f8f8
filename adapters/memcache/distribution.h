// Distribution: which of several servers has a key.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_
#define APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "adapters/memcache/memcache_cache.h"

struct memcached_st;

namespace appcache::memcache {

// Weighted ketama over MD5, by libmemcached itself: other clients that are set
// to that (pylibmc: ketama_weighted) find every key on the same server. A
// server's place depends on its host and port as they are written, or its
// path, and on the weights; not on the order.
//
// Thread-safe: libmemcached's state is read only (its memcached_generate_hash
// takes it const, keeps nothing and connects nowhere).
class Distribution {
 public:
  // kInvalidArgument when libmemcached does not take a server. Throws
  // std::bad_alloc. One server: has all keys, and nothing is hashed.
  static Result<Distribution> Make(std::span<const MemcacheServer> servers);

  // The place of the key's server in the list.
  size_t ServerOf(std::string_view key) const noexcept;

 private:
  struct Free {
    void operator()(memcached_st* state) const noexcept;
  };

  // Null: there is one server.
  std::unique_ptr<memcached_st, Free> state_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_DISTRIBUTION_H_
