// WriteHistory: when each version of each key was written, to find out how
// stale a read was.

#ifndef APPCACHE_BENCH_OUTAGES_WRITE_HISTORY_H_
#define APPCACHE_BENCH_OUTAGES_WRITE_HISTORY_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace appcache::outages {

// Nanoseconds of the steady clock.
int64_t Now() noexcept;

// The value of a key is a version number that grows. A new version is first in
// the source, which loaders read, and then in the cache. Thread-safe, with one
// thread that calls Advance and Acknowledge.
//
// REQUIRES of all functions: `key` and `tier` are in range.
class WriteHistory {
 public:
  static constexpr int kTiers = 2;

  // REQUIRES: keys > 0 and max_versions > 0.
  WriteHistory(int keys, int max_versions)
      : max_versions_(static_cast<size_t>(max_versions)),
        keys_(static_cast<size_t>(keys)) {
    assert(keys > 0 && max_versions > 0);
    for (KeyHistory& key : keys_) {
      key.acknowledged = std::vector<std::atomic<int64_t>>(max_versions_);
    }
  }

  // The version in the source.
  uint64_t Version(int key) const noexcept { return Of(key).version.load(); }

  // Puts the next version into the source. Returns false when max_versions is
  // reached.
  bool Advance(int key, uint64_t& version) noexcept {
    KeyHistory& history = Of(key);
    if (history.version.load() + 1 >= max_versions_) return false;
    version = history.version.fetch_add(1) + 1;
    return true;
  }
  // Records that the cache has stored the version.
  void Acknowledge(int key, uint64_t version) noexcept {
    assert(version < max_versions_);
    Of(key).acknowledged[version].store(Now());
  }

  // A tier stores a loader's value between these calls. Until EndFill, and for
  // later reads until the next write, that value counts as the last one
  // written, though it may be older than the one that it replaces.
  void BeginFill(int tier, int key) noexcept {
    Fill(tier, key).store(std::numeric_limits<int64_t>::max());
  }
  void EndFill(int tier, int key) noexcept { Fill(tier, key).store(Now()); }

  // How long before `begin` the version had been replaced in the cache: zero if
  // it had not. `begin` is when the read that returned it began.
  int64_t Staleness(int key, uint64_t version, int64_t begin) const noexcept {
    const KeyHistory& history = Of(key);
    // A fill that ended after a write may have stored an older version.
    int64_t filled = 0;
    for (const auto& fill : history.filled) {
      filled = std::max(filled, fill.load());
    }
    for (uint64_t next = version + 1;
         next < max_versions_ && next <= history.version.load(); ++next) {
      const int64_t replaced = history.acknowledged[next].load();
      if (replaced > filled) return std::max<int64_t>(begin - replaced, 0);
    }
    return 0;
  }

 private:
  struct KeyHistory {
    std::atomic<uint64_t> version{0};
    // The time for each version; zero if it is not acknowledged.
    std::vector<std::atomic<int64_t>> acknowledged;
    // The end of each tier's last fill; the largest number during a fill.
    std::array<std::atomic<int64_t>, kTiers> filled{};
  };

  KeyHistory& Of(int key) noexcept {
    assert(static_cast<size_t>(key) < keys_.size());
    return keys_[static_cast<size_t>(key)];
  }
  const KeyHistory& Of(int key) const noexcept {
    assert(static_cast<size_t>(key) < keys_.size());
    return keys_[static_cast<size_t>(key)];
  }
  std::atomic<int64_t>& Fill(int tier, int key) noexcept {
    assert(tier >= 0 && tier < kTiers);
    return Of(key).filled[static_cast<size_t>(tier)];
  }

  const size_t max_versions_;
  std::vector<KeyHistory> keys_;
};

}  // namespace appcache::outages

#endif  // APPCACHE_BENCH_OUTAGES_WRITE_HISTORY_H_
