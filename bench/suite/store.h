// Store: a filled side, and the keys and draws of the cases that use it.

#ifndef APPCACHE_BENCH_SUITE_STORE_H_
#define APPCACHE_BENCH_SUITE_STORE_H_

#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/items.h"
#include "bench/suite/draws.h"
#include "bench/suite/side.h"

namespace appcache::bench {

// Keys are "pyappcache/userdata/10000123": 28 bytes.
inline constexpr std::string_view kSegment = "userdata";

struct StoreSpec {
  std::string side;
  size_t value_bytes = 256;
  size_t entries = 10'000;
  // Whether a set of a new key evicts an entry (Room::is_full).
  bool is_full = false;

  auto operator<=>(const StoreSpec&) const = default;
};

class Store {
 public:
  explicit Store(const StoreSpec& spec);

  Side& side() { return *side_; }
  const std::string& value() const { return value_; }

  // The items that are stored at the start.
  const std::vector<Item>& items() const { return items_; }
  // Twice as many, none of which is among them.
  const std::vector<Item>& new_items() const { return *new_; }

  // The next `count` of the new items; after the last one, the first one
  // follows. Thread-safe. REQUIRES: count <= entries.
  std::span<const Item> TakeNew(size_t count);

  // Of a full store: takes the next `count` replacements and returns the number
  // of the first. The replacement `i` sets NewItem(i), and the item that was
  // set first of those that are stored is VictimOf(i). Thread-safe.
  size_t TakeReplacements(size_t count) { return replaced_.fetch_add(count); }
  const Item& NewItem(size_t i) const { return (*new_)[i % new_->size()]; }
  const Item& VictimOf(size_t i) const {
    return i < items_.size() ? items_[i] : NewItem(i - items_.size());
  }

 private:
  // A cache may do more in its first reads than later: SqliteCache samples one
  // of 8 of its first million for hit_ratio_curve, and then one of 256. Reads
  // so many, or for 100 ms.
  void ReadAMillion();

  const std::vector<Item>& items_;
  const std::vector<Item>* const new_;
  const std::string value_;
  const std::unique_ptr<Side> side_;
  std::atomic<size_t> taken_{0};
  std::atomic<size_t> replaced_{0};
};

// The store of a spec, for thread `thread` of a case. Thread 0 makes it if it
// does not exist, and the others wait for that: a server that a side starts
// must be the child of a thread that lasts. Stores are kept for later cases,
// until the values of all exceed 2 GiB; then those that were not used for
// longest are destroyed.
std::shared_ptr<Store> StoreFor(const StoreSpec& spec, int thread);

// Destroys the stores that no case uses.
void DestroyStores();

// Made once for each number of entries, and kept.
const std::vector<Item>& StoredItems(size_t entries);
const std::vector<Item>& NewItems(size_t entries);
const std::vector<uint32_t>& DrawsOf(Distribution distribution, size_t entries);

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_SUITE_STORE_H_
