// Items: the keys and values that the benchmarks read and write, all made
// before anything is timed.

#ifndef APPCACHE_BENCH_ITEMS_H_
#define APPCACHE_BENCH_ITEMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/key_path.h"

namespace appcache::bench {

inline constexpr uint64_t kHashSeed = 20'240'229;

// One entry's key, as each side wants it: the path for the cache, its hash for
// bare SQLite, which is spared the hashing. One cache line: to fetch it costs
// all sides the same. (A caller has just made its key, and need not fetch it.)
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

// Ids count from one of these. All have as many digits, so that all entries are
// of one size, and no item of one range has a key of the other.
inline constexpr uint32_t kStoredIds = 10'000'000;
inline constexpr uint32_t kAbsentIds = 50'000'000;

std::vector<Item> MakeItems(uint32_t first_id, size_t count);

// Bytes that look compressed to nobody.
std::string MakeValue(size_t bytes);

// Which item is next: drawn uniformly, the same draws in every run.
std::vector<uint32_t> UniformOrder(size_t items);

// Every item once, shuffled.
std::vector<uint32_t> ShuffledOrder(size_t items);

// Goes round an order; each thread from a place of its own.
class Cursor {
 public:
  Cursor(const std::vector<uint32_t>& order, int thread, int threads)
      : order_(order), next_(order.size() / threads * thread) {}

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
