// PeerStore: a filled peer, and the keys and draws of its cases.

#ifndef APPCACHE_BENCH_PEERS_STORE_H_
#define APPCACHE_BENCH_PEERS_STORE_H_

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/items.h"
#include "bench/peers/peer.h"

namespace appcache::bench {

struct PeerSpec {
  std::string peer;
  size_t entries;
  // Whether a set of a new key evicts an entry; otherwise there is room for as
  // many again, so that peers whose shards are unequal lose none.
  bool is_full = false;

  auto operator<=>(const PeerSpec&) const = default;
};

class PeerStore {
 public:
  explicit PeerStore(const PeerSpec& spec);

  Peer& peer() { return *peer_; }
  const std::vector<Item>& items() const { return items_; }
  // Of accesses to the items (zipf.h).
  const std::vector<uint32_t>& order() const { return order_; }
  const std::string& value() const { return value_; }

  // The next `count` of the keys that are not among the items. They come again
  // after twice as many as there are entries.
  const Item* TakeNew(size_t count);

 private:
  const std::vector<Item>& items_;
  const std::vector<uint32_t>& order_;
  const std::string value_;
  const std::unique_ptr<Peer> peer_;
  std::atomic<size_t> taken_{0};
};

// The keys of PeerStores of `entries` entries, their draws, and as many keys
// as TakeNew needs. Made once.
const std::vector<Item>& StoredItems(size_t entries);
const std::vector<uint32_t>& StoredOrder(size_t entries);
const std::vector<Item>& NewItems(size_t entries);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_PEERS_STORE_H_
