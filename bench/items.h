// Items: the keys and values that benchmarks read and write, all made
// before the timed loops.

#ifndef APPCACHE_BENCH_ITEMS_H_
#define APPCACHE_BENCH_ITEMS_H_

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/key_path.h"

namespace appcache::bench {

inline constexpr uint64_t kHashSeed = 20'240'229;

// The key of one entry in the form that each side needs: the path for the
// cache, its hash for bare SQLite, which does not compute it. It occupies one
// cache line, so that fetching it costs all sides the same.
struct alignas(64) Item {
  int64_t h;
  uint32_t id;
  uint32_t path_bytes;
  std::array<char, 48> path_text;

  std::string_view path() const { return {path_text.data(), path_bytes}; }
};

// The same key through the typed interface.
template <class V>
struct ItemKey {
  using value_type = V;

  uint32_t id;

  void AppendTo(KeyPath& path) const { path.Segment("item").Segment(id); }
};

// The first ids of two ranges that do not overlap. All ids have the same number
// of digits, so that all entries have the same size.
inline constexpr uint32_t kStoredIds = 10'000'000;
inline constexpr uint32_t kAbsentIds = 50'000'000;

// The paths are the cache's default prefix, `segment` and the id.
std::vector<Item> MakeItems(uint32_t first_id, size_t count,
                            std::string_view segment = "item");

// Random letters, the same ones in every run.
std::string MakeValue(size_t bytes);

// Uniform draws from 0 to items - 1, the same ones in every run. REQUIRES:
// items > 0.
std::vector<uint32_t> UniformOrder(size_t items);

// Every number from 0 to items - 1 once, shuffled.
std::vector<uint32_t> ShuffledOrder(size_t items);

// Goes round an order. Each thread starts at its own place. REQUIRES: 0 <=
// thread < threads, and `order` is not empty and outlives the cursor.
class Cursor {
 public:
  Cursor(const std::vector<uint32_t>& order, int thread, int threads)
      : order_(order),
        next_(order.size() / static_cast<size_t>(threads) *
              static_cast<size_t>(thread)) {
    assert(thread >= 0 && thread < threads && !order.empty());
  }

  uint32_t Next() {
    const uint32_t item = order_[next_];
    if (++next_ == order_.size()) next_ = 0;
    return item;
  }

 private:
  const std::vector<uint32_t>& order_;
  size_t next_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_ITEMS_H_
