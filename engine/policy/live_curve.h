// LiveCurve: estimates what a running LRU would hit if it had another size.
//
// A sample of the requests is enough (reuse_ages.h): a hit needs the tick of
// the previous access, which its record has, and a miss the tick that an
// evicted key had (ghosts.h). The first requests are sampled more densely, so
// that there is an estimate soon. Old samples lose weight, so that the estimate
// follows the traffic of the last millions of requests.
//
// The model is within half a point of the exact curve on real traces
// (bench/README.md); the standard error of a complete sample is about 0.1
// points. Both suppose that a miss is followed by a set of the key, and that
// few other keys are set.
//
// Restrictions: knows no entries, only hashes and ticks.

#ifndef APPCACHE_ENGINE_POLICY_LIVE_CURVE_H_
#define APPCACHE_ENGINE_POLICY_LIVE_CURVE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "appcache/stats.h"
#include "engine/policy/ghosts.h"
#include "engine/policy/request_times.h"
#include "engine/policy/reuse_ages.h"
#include "engine/support/mutex.h"
#include "engine/support/spin_lock.h"

namespace appcache::policy {

// Thread-safe. Lock order: the lock of a stripe, mutex_. No call but Estimate
// waits for mutex_.
class alignas(128) LiveCurve {
 public:
  // For a cache of at most `max_entries`, which has had no request before
  // `tick`. Throws std::bad_alloc.
  LiveCurve(uint64_t max_entries, int64_t tick);

  // The number of entries now. To be called before the first eviction and from
  // time to time: the limit of entries says little where bytes are limited.
  // One call at a time.
  void FitTo(uint64_t entries) noexcept;

  // Whether a thread notes its `count`-th hit, or miss. Spreads the samples
  // evenly, but with no period that a loop of requests could have too: the
  // fractions of multiples of the golden ratio (Weyl's sequence).
  bool IsSampled(uint64_t count) const noexcept {
    return count * kGolden < sampled_below_.load(std::memory_order_relaxed);
  }

  // A sampled request at `tick`: of a key that was last used at `last_tick`; of
  // one that is in the cache, and was not used lately; of one that is not in
  // the cache. The last two may be among the ghosts.
  void NoteHit(int64_t last_tick, int64_t tick) noexcept;
  void NoteOldHit(int64_t h, int64_t tick) noexcept;
  void NoteMiss(int64_t h, int64_t tick, int64_t now_ms) noexcept;
  // A miss of a key that has expired: a cache of any size has it.
  void NoteExpired(int64_t tick) noexcept;

  // Makes a key a ghost, with its last access and its expiry (0: none): every
  // key that is evicted, or in a cache without ticks every key that is read or
  // set.
  void NoteGhost(int64_t h, int64_t last_tick, int64_t expires_at_ms) noexcept {
    ghosts_.Add(h, last_tick, expires_at_ms);
  }
  // Every other removal: a larger cache would not have the key either.
  void NoteRemoval(int64_t h) noexcept { ghosts_.Remove(h); }
  void NoteClear() noexcept { ghosts_.Clear(); }

  // The curve of a cache that has so many entries now, and has counted so many
  // hits and misses since it was opened. None before enough samples were taken.
  std::optional<HitRatioCurve> Estimate(uint64_t entries, uint64_t hits,
                                        uint64_t misses)
      APPCACHE_EXCLUDES(mutex_);

 private:
  static constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  static constexpr int kDenseBits = 3;   // one of 8 requests
  static constexpr int kSparseBits = 8;  // one of 256
  static constexpr uint64_t kDenseSamples = uint64_t{1} << 17;
  // When so many are counted, all weights are halved.
  static constexpr uint64_t kMostSamples = uint64_t{1} << 18;
  static constexpr uint64_t kLeastSamples = 256;

  enum class Age : uint8_t { kKnown, kFirst, kUnknown };
  struct Sample {
    int64_t last_tick;  // if the age is known
    int64_t tick;
    ReuseAges::Kind kind;
    Age age;
    uint32_t weight;  // the requests that it stands for
    float keys;       // and the keys, if the age is known or the first
  };

  static constexpr size_t kMostPending = 16;
  static constexpr size_t kStripes = 32;
  // What threads have noted and nobody has counted, so that they rarely share a
  // line of memory.
  struct alignas(128) Stripe {
    internal::SpinLock lock;
    uint32_t count APPCACHE_GUARDED_BY(lock) = 0;
    // Requests: samples for which there was no room.
    uint64_t dropped APPCACHE_GUARDED_BY(lock) = 0;
    std::array<Sample, kMostPending> samples APPCACHE_GUARDED_BY(lock);
  };

  void Note(Sample sample) noexcept;
  // A request of a key that may be among the ghosts.
  void NoteByGhost(ReuseAges::Kind kind, int64_t h, int64_t tick,
                   int64_t now_ms) noexcept;
  void Count(Stripe& stripe) noexcept APPCACHE_REQUIRES(stripe.lock, mutex_);
  void CountOne(const Sample& sample) noexcept APPCACHE_REQUIRES(mutex_);

  std::atomic<uint64_t> sampled_below_;
  // How many samples wait in a stripe. Few in a small cache, where the requests
  // of the other threads in the meantime would matter.
  std::atomic<uint32_t> most_pending_{1};
  Ghosts ghosts_;
  std::unique_ptr<Stripe[]> stripes_;

  // Apart from what every read uses.
  alignas(128) internal::Mutex mutex_;
  RequestTimes times_ APPCACHE_GUARDED_BY(mutex_);
  // Not within this object, so that what its owner has around it stays near.
  const std::unique_ptr<ReuseAges> ages_ APPCACHE_PT_GUARDED_BY(mutex_);
  double requests_ APPCACHE_GUARDED_BY(mutex_) = 0;
  uint64_t samples_ APPCACHE_GUARDED_BY(mutex_) = 0;
  bool has_decayed_ APPCACHE_GUARDED_BY(mutex_) = false;
};

}  // namespace appcache::policy

#endif  // APPCACHE_ENGINE_POLICY_LIVE_CURVE_H_
