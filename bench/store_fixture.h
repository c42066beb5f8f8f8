// StoreFixture: a filled SqliteCache and a copy of its database, which bare
// SQLite uses.

#ifndef APPCACHE_BENCH_STORE_FIXTURE_H_
#define APPCACHE_BENCH_STORE_FIXTURE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "bench/bare_sqlite.h"
#include "bench/items.h"

namespace appcache::bench {

enum class Place { kMemory, kFile };

const char* NameOf(Place place);

struct StoreSpec {
  // Fixtures of different purposes are never the same one.
  std::string purpose;
  Place place = Place::kMemory;
  size_t value_bytes = 256;
  // How many entries are stored before the first operation.
  size_t entries = 10'000;
  // How many more items there are, for sets of new keys.
  size_t spare_items = 0;
  // True: max_entries is `entries`. False: nothing is ever evicted.
  bool full = false;
  // True: only Flush writes accesses to SQLite.
  bool manual_flush = false;
  // True: no value of a cache in memory is resident.
  bool away = false;

  bool operator<(const StoreSpec& other) const;
};

class StoreFixture {
 public:
  explicit StoreFixture(const StoreSpec& spec);
  ~StoreFixture();
  StoreFixture(const StoreFixture&) = delete;
  StoreFixture& operator=(const StoreFixture&) = delete;

  const StoreSpec& spec() const { return spec_; }
  const std::string& value() const { return value_; }

  // The first spec().entries of these are stored at the start, in this order.
  const std::vector<Item>& items() const { return items_; }
  // Uniform draws from the first spec().entries.
  const std::vector<uint32_t>& order() const { return order_; }

  SqliteCache& cache() { return *cache_; }
  // The copies on bare SQLite: kShared is used by two connections of a thread,
  // kPrivate by one. There is a private copy only if spec().place is memory.
  enum class Copy { kShared, kPrivate };
  BareDatabase& bare(Copy copy) {
    return copy == Copy::kShared ? *bare_ : *private_bare_;
  }
  // The connection of the main thread, the first or the second one. Opened once
  // and kept, as the cache keeps its connections. REQUIRES: which < 2; 0 for a
  // private copy.
  BareConnection& bare_connection(Copy copy, size_t which);

  // How many new keys each side has set. Threads share these.
  std::atomic<size_t> new_in_cache{0};
  std::atomic<size_t> new_in_bare{0};

 private:
  void OpenCache(const std::string& name);
  void Fill();
  void CopyToBare(const std::string& name);

  const StoreSpec spec_;
  const std::string value_;
  const std::vector<Item> items_;
  const std::vector<uint32_t> order_;
  std::unique_ptr<SqliteCache> cache_;
  std::unique_ptr<BareDatabase> bare_;
  std::unique_ptr<BareDatabase> private_bare_;
  std::array<std::unique_ptr<BareConnection>, 2> bare_connections_;
  std::unique_ptr<BareConnection> private_connection_;
};

// The fixture of a spec, made at the first call. Thread-safe.
StoreFixture& FixtureFor(const StoreSpec& spec);

// Destroys all fixtures and removes their files.
void DestroyFixtures();

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_STORE_FIXTURE_H_
