#include "bench/outages/load.h"

#include <charconv>
#include <chrono>
#include <random>
#include <string_view>

namespace appcache::outages {
namespace {

// A write each millisecond: about one a second of each key.
constexpr std::chrono::milliseconds kWriteInterval{1};

// What a loader takes, as one does that asks a database.
constexpr std::chrono::milliseconds kLoadTime{1};

Key<std::string> KeyOf(int key) {
  return Key<std::string>("key", std::to_string(key));
}

}  // namespace

int64_t Now() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch() /
         std::chrono::nanoseconds(1);
}

Seen Seen::operator-(const Seen& before) const {
  return {reads - before.reads,
          stale_reads - before.stale_reads,
          broken_reads - before.broken_reads,
          loads - before.loads,
          failed_writes - before.failed_writes,
          oldest_ns};
}

Load::Load(std::array<TieredCache*, Truth::kTiers> tiers,
           std::chrono::milliseconds max_staleness)
    : tiers_(tiers),
      max_staleness_ns_(max_staleness / std::chrono::nanoseconds(1)) {
  for (int tier = 0; tier < Truth::kTiers; ++tier) {
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

Seen Load::seen() const {
  return {reads_, stale_reads_,   broken_reads_,
          loads_, failed_writes_, oldest_ns_};
}

void Load::PauseWrites() {
  is_paused_ = true;
  while (is_writing_) std::this_thread::yield();
}

void Load::Judge(int key, const std::string& value, int64_t begun) {
  uint64_t version = 0;
  const char* const end = value.data() + value.size();
  if (std::from_chars(value.data(), end, version).ptr != end) {
    ++broken_reads_;
    return;
  }
  const int64_t staleness = truth_.Staleness(key, version, begun);
  if (staleness == 0) return;
  ++(staleness > max_staleness_ns_ ? broken_reads_ : stale_reads_);
  int64_t oldest = oldest_ns_;
  while (staleness > oldest &&
         !oldest_ns_.compare_exchange_weak(oldest, staleness)) {
  }
}

void Load::Read(int tier, uint64_t seed) {
  std::mt19937_64 random(seed);
  TieredCache& cache = *tiers_[static_cast<size_t>(tier)];
  while (!is_over_) {
    const int key = static_cast<int>(random() % kKeys);
    const int64_t begun = Now();
    bool has_filled = false;
    const std::string value = cache.GetVia(KeyOf(key), [&] {
      has_filled = true;
      ++loads_;
      truth_.BeginFill(tier, key);
      std::string value = std::to_string(truth_.Version(key));
      std::this_thread::sleep_for(kLoadTime);
      return value;
    });
    if (has_filled) truth_.EndFill(tier, key);
    ++reads_;
    Judge(key, value, begun);
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
    if (!is_paused_ && truth_.Advance(key, version)) {
      if (tiers_[0]->Set(KeyOf(key), std::to_string(version)).ok()) {
        truth_.Acknowledge(key, version);
      } else {
        ++failed_writes_;
      }
    }
    is_writing_ = false;
  }
}

}  // namespace appcache::outages
