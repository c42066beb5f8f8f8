// Ghosts: when keys that were evicted had been used last, in fixed memory.
//
// A set-associative table: each key has a place in one set of eight, where it
// replaces the one that was used longest ago. A cache that is large for the
// table remembers a share of its keys only, chosen by their hashes.

#ifndef APPCACHE_ENGINE_POLICY_GHOSTS_H_
#define APPCACHE_ENGINE_POLICY_GHOSTS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace appcache::policy {

// Thread-safe without a lock: calls that run side by side for one set may lose
// a ghost or mistake the time of one. 16 bytes a ghost, at most 512 KiB.
class Ghosts {
 public:
  // For a cache of at most so many entries. Remembers nothing before FitTo.
  explicit Ghosts(uint64_t max_entries) noexcept;
  ~Ghosts();
  Ghosts(const Ghosts&) = delete;
  Ghosts& operator=(const Ghosts&) = delete;

  // Chooses the share of the keys that is remembered: for a cache that has so
  // many entries now, which may be far fewer than it could have. The first call
  // allocates the table; without memory for it, no key is remembered, and a
  // later call tries again. One call at a time.
  void FitTo(uint64_t entries) noexcept;

  // Whether the key with this hash is one of those that are remembered.
  bool Remembers(int64_t h) const noexcept {
    return (static_cast<uint64_t>(h) >> kSampleShift &
            sample_mask_.load(std::memory_order_relaxed)) == 0;
  }

  // One of so many keys is.
  double keys_per_ghost() const noexcept {
    return static_cast<double>(sample_mask_.load(std::memory_order_relaxed)) +
           1;
  }

  // Remembers the key, until `expires_at_ms`; 0: it does not expire.
  void Add(int64_t h, int64_t tick, int64_t expires_at_ms) noexcept;

  // The tick of a key that is remembered and has not expired.
  std::optional<int64_t> Find(int64_t h, int64_t now_ms) const noexcept;

  void Remove(int64_t h) noexcept;
  void Clear() noexcept;

 private:
  static constexpr size_t kWays = 8;
  static constexpr uint64_t kMostGhosts = uint64_t{1} << 15;
  // Keys as old as those of four times the cache, and what the sets and the
  // keys that returned to the cache take away.
  static constexpr uint64_t kGhostsPerEntry = 8;
  // Apart from the bits that choose a set, and from those of the tag.
  static constexpr int kSampleShift = 16;

  // tag: bits of the hash, not 0; 0 is a free place. Each field is read and
  // written atomically, but not the two together: see above.
  struct Ghost {
    int64_t tick;
    uint64_t tag_and_expiry;
  };
  // Null before there is a table.
  Ghost* SetOf(int64_t h) const noexcept {
    Ghost* const ghosts = ghosts_.load(std::memory_order_acquire);
    if (ghosts == nullptr) return nullptr;
    return ghosts + (static_cast<uint64_t>(h) & set_mask_) * kWays;
  }

  uint64_t SampleMaskFor(uint64_t entries) const noexcept;

  const uint64_t set_mask_;
  std::atomic<uint64_t> sample_mask_{0};
  // Owned. Zeroed by calloc, so that a page which is not used needs no memory.
  std::atomic<Ghost*> ghosts_{nullptr};
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_GHOSTS_H_
