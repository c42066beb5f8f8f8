// The least that a hit with exact recency costs: a floor, not a cache.
//
// Computes the cache's hash, finds an entry in a table without a lock, compares
// the key, stores the cache's tick in an array apart from the entries, and
// announces itself to a reclaimer in a line of its own, without a fence. Checks
// no expiry, no fork and no Close, counts nothing, and evicts nothing.

#include <benchmark/benchmark.h>
#include <x86intrin.h>

#include <atomic>
#include <bit>
#include <cassert>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "bench/suite/side.h"
#include "engine/lru/hash.h"

namespace appcache::bench {
namespace {

struct alignas(128) Announcement {
  std::atomic<uint64_t> epoch{0};
};
thread_local Announcement announcement;

// Ends when it is destroyed.
class Protection {
 public:
  Protection() : mine_(announcement) {
    mine_.epoch.store(1, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  ~Protection() { mine_.epoch.store(0, std::memory_order_release); }

 private:
  Announcement& mine_;
};

class ProbePeer final : public SharedSide {
 public:
  explicit ProbePeer(const Room& room)
      : slots_(std::bit_ceil(2 * room.entries)), ticks_(room.entries) {}

  size_t Get(const Item& item) override { return View(item); }

  size_t View(const Item& item) override {
    const std::string_view path = item.path();
    const int64_t h = lru::HashPath(path, static_cast<int64_t>(kHashSeed));
    const Protection protection;
    const Entry* const entry = *SlotOf(h, path);
    if (entry == nullptr) return 0;
    _mm_lfence();
    ticks_[entry->tick].store(__rdtsc(), std::memory_order_relaxed);
    const std::string_view value = entry->value();
    benchmark::DoNotOptimize(value.data()[0]);
    return value.size();
  }

  // For Fill: readers must not run.
  bool Set(const Item& item, std::string_view value) override {
    const std::string_view path = item.path();
    const int64_t h = lru::HashPath(path, static_cast<int64_t>(kHashSeed));
    const Entry** const slot = SlotOf(h, path);
    if (*slot != nullptr || entries_ == ticks_.size()) return false;
    char* const memory = new char[sizeof(Entry) + path.size() + value.size()];
    auto* const entry =
        new (memory) Entry{h, entries_++, static_cast<uint32_t>(path.size()),
                           static_cast<uint32_t>(value.size())};
    value.copy(
        memory + sizeof(Entry) + path.copy(memory + sizeof(Entry), path.size()),
        value.size());
    *slot = entry;
    return true;
  }

  bool Remove(const Item&) override { return false; }

  ~ProbePeer() override {
    for (const Entry* entry : slots_) {
      delete[] reinterpret_cast<const char*>(entry);
    }
  }

 private:
  // Key and value follow.
  struct Entry {
    int64_t h;
    size_t tick;
    uint32_t key_size;
    uint32_t value_size;

    const char* data() const { return reinterpret_cast<const char*>(this + 1); }
    std::string_view key() const { return {data(), key_size}; }
    std::string_view value() const { return {data() + key_size, value_size}; }
  };

  // Of the entry with this key, or the empty one where it belongs.
  const Entry** SlotOf(int64_t h, std::string_view path) {
    const size_t mask = slots_.size() - 1;
    for (size_t at = static_cast<size_t>(h) & mask;; at = (at + 1) & mask) {
      const Entry* const entry = slots_[at];
      if (entry == nullptr || (entry->h == h && entry->key() == path)) {
        return &slots_[at];
      }
    }
  }

  std::vector<const Entry*> slots_;
  std::vector<std::atomic<uint64_t>> ticks_;
  size_t entries_ = 0;
};

const AddSide kAdded({"probe", "memory", kView, OpenSide<ProbePeer>});

}  // namespace
}  // namespace appcache::bench
