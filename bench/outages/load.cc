#include "bench/outages/load.h"

#include <charconv>
#include <chrono>
#include <random>

namespace appcache::outages {
namespace {

// One write each millisecond: about one per second for each key.
constexpr std::chrono::milliseconds kWriteInterval{1};

// The time of a load, as of one that queries a database.
constexpr std::chrono::milliseconds kLoadTime{1};

Key<std::string> KeyOf(int key) {
  return Key<std::string>("key", std::to_string(key));
}

}  // namespace

int64_t Now() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch() /
         std::chrono::nanoseconds(1);
}

LoadCounters LoadCounters::operator-(const LoadCounters& before) const {
  return {reads - before.reads,
          stale_reads - before.stale_reads,
          invalid_reads - before.invalid_reads,
          loads - before.loads,
          failed_writes - before.failed_writes,
          max_staleness_ns};
}

Load::Load(std::array<TieredCache*, WriteHistory::kTiers> tiers,
           std::chrono::milliseconds max_staleness)
    : tiers_(tiers),
      max_staleness_ns_(max_staleness / std::chrono::nanoseconds(1)) {
  for (int tier = 0; tier < WriteHistory::kTiers; ++tier) {
    for (int i = 0; i < kReadersPerTier; ++i) {
      const uint64_t seed = threads_.size() + 1;
      threads_.emplace_back([this, tier, seed] { Read(tier, seed); });
    }
  }
  threads_.emplace_back([this] { Write(); });
}

Load::~Load() {
  is_over_ = true;
  for (std::thread& thread : threads_) thread.join();
}

LoadCounters Load::counters() const {
  return {reads_, stale_reads_,   invalid_reads_,
          loads_, failed_writes_, max_seen_staleness_ns_};
}

void Load::PauseWrites() {
  is_paused_ = true;
  while (is_writing_) std::this_thread::yield();
}

void Load::Count(int key, const std::string& value, int64_t begin) {
  ++reads_;
  uint64_t version = 0;
  const char* const end = value.data() + value.size();
  if (std::from_chars(value.data(), end, version).ptr != end) {
    ++invalid_reads_;
    return;
  }
  const int64_t staleness = history_.Staleness(key, version, begin);
  if (staleness == 0) return;
  ++(staleness > max_staleness_ns_ ? invalid_reads_ : stale_reads_);
  int64_t max = max_seen_staleness_ns_;
  while (staleness > max &&
         !max_seen_staleness_ns_.compare_exchange_weak(max, staleness)) {
  }
}

void Load::Read(int tier, uint64_t seed) {
  std::mt19937_64 random(seed);
  TieredCache& cache = *tiers_[static_cast<size_t>(tier)];
  while (!is_over_) {
    const int key = static_cast<int>(random() % kKeys);
    const int64_t begin = Now();
    bool has_filled = false;
    const std::string value = cache.GetVia(KeyOf(key), [&] {
      has_filled = true;
      ++loads_;
      history_.BeginFill(tier, key);
      std::string value = std::to_string(history_.Version(key));
      std::this_thread::sleep_for(kLoadTime);
      return value;
    });
    if (has_filled) history_.EndFill(tier, key);
    Count(key, value, begin);
  }
}

void Load::Write() {
  std::mt19937_64 random(1);
  for (auto next = std::chrono::steady_clock::now(); !is_over_;
       next += kWriteInterval) {
    std::this_thread::sleep_until(next);
    is_writing_ = true;
    const int key = static_cast<int>(random() % kKeys);
    uint64_t version = 0;
    if (!is_paused_ && history_.Advance(key, version)) {
      if (tiers_[0]->Set(KeyOf(key), std::to_string(version)).ok()) {
        history_.Acknowledge(key, version);
      } else {
        ++failed_writes_;
      }
    }
    is_writing_ = false;
  }
}

}  // namespace appcache::outages
