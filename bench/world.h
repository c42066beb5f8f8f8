// World: a filled cache and its peer, a copy of it on bare SQLite.
//
// Made at first use, outside the timed parts, and kept until the program ends,
// so that repetitions can be interleaved.

#ifndef APPCACHE_BENCH_WORLD_H_
#define APPCACHE_BENCH_WORLD_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/bare_sqlite.h"
#include "bench/items.h"
#include "engine/sqlite_cache.h"

namespace appcache::bench {

enum class Place { kMemory, kFile };

const char* NameOf(Place place);

struct WorldSpec {
  // Worlds of different purposes are never the same one.
  std::string purpose;
  Place place = Place::kMemory;
  size_t value_bytes = 256;
  // How many entries it is filled with.
  size_t entries = 10'000;
  // How many items more it has, for sets of new keys.
  size_t spare_items = 0;
  // Full: max_entries is `entries`. Otherwise nothing is ever evicted.
  bool full = false;
  // Uses are written to SQLite by Flush only.
  bool holds_touches = false;

  bool operator<(const WorldSpec& other) const;
};

class World {
 public:
  explicit World(const WorldSpec& spec);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  const WorldSpec& spec() const { return spec_; }
  const std::string& value() const { return value_; }

  // The first spec().entries of these were stored at the start, in this order.
  const std::vector<Item>& items() const { return items_; }
  // Uniform draws from the first spec().entries.
  const std::vector<uint32_t>& order() const { return order_; }

  SqliteCache& cache() { return *cache_; }
  BareDatabase& bare() { return *bare_; }
  // Connections of the main thread's own, the first or the second: opened once,
  // as the cache's are.
  BareConnection& bare_connection(size_t which);

  // Counts the new keys that each side has set; threads share them.
  std::atomic<size_t> new_in_cache{0};
  std::atomic<size_t> new_in_bare{0};

 private:
  void OpenCache(const std::string& name);
  void Fill();
  void CopyToBare(const std::string& name);

  const WorldSpec spec_;
  const std::string value_;
  const std::vector<Item> items_;
  const std::vector<uint32_t> order_;
  std::unique_ptr<SqliteCache> cache_;
  std::unique_ptr<BareDatabase> bare_;
  std::array<std::unique_ptr<BareConnection>, 2> bare_connections_;
};

// Thread-safe.
World& WorldOf(const WorldSpec& spec);

// Ends all worlds and removes their files.
void EndWorlds();

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_WORLD_H_
