// SqliteCache in memory, with everything resident.

#ifndef APPCACHE_BENCH_PEERS_APPCACHE_PEER_H_
#define APPCACHE_BENCH_PEERS_APPCACHE_PEER_H_

#include <cstddef>
#include <memory>

#include "appcache/sqlite_cache.h"
#include "bench/peers/peer.h"

namespace appcache::bench {

class AppcachePeer final : public Peer {
 public:
  explicit AppcachePeer(size_t capacity);

  size_t View(std::string_view path) override;
  size_t Share(std::string_view path) override;
  // GetByStr, which prepends the prefix.
  size_t Copy(std::string_view path) override;
  size_t CopyInto(std::string_view path, std::string& value) override;
  bool Set(std::string_view path, std::string_view value) override;
  bool Remove(std::string_view path) override;
  bool Flush() override;

  SqliteCache& cache() { return *cache_; }

 private:
  const std::unique_ptr<SqliteCache> cache_;
  Backend& backend_;
  const size_t prefix_bytes_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_PEERS_APPCACHE_PEER_H_
