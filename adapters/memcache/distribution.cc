#include "adapters/memcache/distribution.h"

#include <libmemcached/memcached.h>

#include <cassert>
#include <new>
#include <string>

namespace appcache::memcache {

void Distribution::Free::operator()(memcached_st* state) const noexcept {
  memcached_free(state);
}

Result<Distribution> Distribution::Make(
    std::span<const MemcacheServer> servers) {
  assert(!servers.empty());
  Distribution distribution;
  if (servers.size() == 1) return distribution;
  memcached_st* const state = memcached_create(nullptr);
  if (state == nullptr) throw std::bad_alloc();
  distribution.state_.reset(state);
  memcached_return_t rc =
      memcached_behavior_set(state, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
  for (const MemcacheServer& server : servers) {
    if (rc != MEMCACHED_SUCCESS) break;
    rc = server.unix_path.empty()
             ? memcached_server_add_with_weight(state, server.host.c_str(),
                                                server.port, server.weight)
             : memcached_server_add_unix_socket_with_weight(
                   state, server.unix_path.c_str(), server.weight);
  }
  if (rc == MEMCACHED_SUCCESS) return distribution;
  if (rc == MEMCACHED_MEMORY_ALLOCATION_FAILURE) throw std::bad_alloc();
  return Status(ErrorCode::kInvalidArgument,
                "libmemcached rejected the list of servers: " +
                    std::string(memcached_strerror(state, rc)) +
                    "; check their hosts and paths",
                rc);
}

size_t Distribution::ServerOf(std::string_view key) const noexcept {
  assert(!key.empty());
  if (state_ == nullptr) return 0;
  return memcached_generate_hash(state_.get(), key.data(), key.size());
}

}  // namespace appcache::memcache
