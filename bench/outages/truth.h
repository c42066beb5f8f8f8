// Truth: what the values under test are, and since when; whoever reads an old
// one is found out.

#ifndef APPCACHE_BENCH_OUTAGES_TRUTH_H_
#define APPCACHE_BENCH_OUTAGES_TRUTH_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <vector>

namespace appcache::outages {

// Nanoseconds of the steady clock.
int64_t Now() noexcept;

// Of each key the value is a version that grows: in the source first, which
// loaders read, then in the cache. Thread-safe; one thread writes.
class Truth {
 public:
  static constexpr int kTiers = 2;

  Truth(int keys, int max_versions)
      : max_versions_(static_cast<size_t>(max_versions)),
        of_keys_(static_cast<size_t>(keys)) {
    for (OfKey& key : of_keys_) {
      key.acknowledged = std::vector<std::atomic<int64_t>>(max_versions_);
    }
  }

  uint64_t Version(int key) const noexcept { return Of(key).version.load(); }

  // The next version is in the source. False: no more of them.
  bool Advance(int key, uint64_t& version) noexcept {
    OfKey& of = Of(key);
    if (of.version.load() + 1 >= max_versions_) return false;
    version = of.version.fetch_add(1) + 1;
    return true;
  }
  // The cache has taken it.
  void Acknowledge(int key, uint64_t version) noexcept {
    Of(key).acknowledged[version].store(Now());
  }

  // A loader's value is on its way into the cache by that tier, and is then
  // what was written last, though it may be older than what it replaces.
  void BeginFill(int tier, int key) noexcept {
    Fill(tier, key).store(std::numeric_limits<int64_t>::max());
  }
  void EndFill(int tier, int key) noexcept { Fill(tier, key).store(Now()); }

  // For how long it had been replaced when the read began: zero if it had not.
  int64_t Staleness(int key, uint64_t version, int64_t begun) const noexcept {
    const OfKey& of = Of(key);
    // A fill that ended later than a write may have put an old version over it.
    int64_t filled = 0;
    for (const auto& fill : of.filled) filled = std::max(filled, fill.load());
    for (uint64_t next = version + 1;
         next < max_versions_ && next <= of.version.load(); ++next) {
      const int64_t replaced = of.acknowledged[next].load();
      if (replaced > filled) return std::max<int64_t>(begun - replaced, 0);
    }
    return 0;
  }

 private:
  struct OfKey {
    std::atomic<uint64_t> version{0};
    // When, by version; zero: not, or not yet.
    std::vector<std::atomic<int64_t>> acknowledged;
    std::array<std::atomic<int64_t>, kTiers> filled{};
  };

  OfKey& Of(int key) noexcept { return of_keys_[static_cast<size_t>(key)]; }
  const OfKey& Of(int key) const noexcept {
    return of_keys_[static_cast<size_t>(key)];
  }
  std::atomic<int64_t>& Fill(int tier, int key) noexcept {
    return Of(key).filled[static_cast<size_t>(tier)];
  }

  const size_t max_versions_;
  std::vector<OfKey> of_keys_;
};

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_TRUTH_H_
