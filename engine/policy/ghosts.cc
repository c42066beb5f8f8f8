#include "engine/policy/ghosts.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <limits>

namespace appcache::policy {
namespace {

// 24 bits of the hash above those that choose the set and the sample, and the
// expiry in units of 64 ms.
constexpr int kTagBits = 24;
constexpr int kExpiryUnitBits = 6;
constexpr uint64_t kMostExpiry = (uint64_t{1} << (64 - kTagBits)) - 1;

// Bit 0 is set, so that a tag is never 0.
uint64_t TagOf(int64_t h) noexcept {
  return static_cast<uint64_t>(h) >> (64 - kTagBits) | 1;
}

uint64_t Pack(int64_t h, int64_t expires_at_ms) noexcept {
  uint64_t expiry = 0;
  if (expires_at_ms > 0) {
    const auto unit = static_cast<uint64_t>(expires_at_ms) >> kExpiryUnitBits;
    expiry = std::clamp<uint64_t>(unit, 1, kMostExpiry);
  }
  return expiry << kTagBits | TagOf(h);
}

uint64_t TagIn(uint64_t packed) noexcept {
  return packed & ((uint64_t{1} << kTagBits) - 1);
}

bool HasExpired(uint64_t packed, int64_t now_ms) noexcept {
  const uint64_t expiry = packed >> kTagBits;
  return expiry != 0 && now_ms > 0 &&
         static_cast<uint64_t>(now_ms) >> kExpiryUnitBits >= expiry;
}

template <class T>
T Load(const T& field) noexcept {
  return std::atomic_ref<T>(const_cast<T&>(field))
      .load(std::memory_order_relaxed);
}
template <class T>
void Store(T& field, T value) noexcept {
  std::atomic_ref<T>(field).store(value, std::memory_order_relaxed);
}

}  // namespace

Ghosts::Ghosts(uint64_t max_entries) noexcept
    : set_mask_(std::bit_ceil(std::clamp<uint64_t>(
                    std::min(max_entries, kMostGhosts) * kGhostsPerEntry, kWays,
                    kMostGhosts)) /
                    kWays -
                1) {}

Ghosts::~Ghosts() { std::free(ghosts_.load(std::memory_order_relaxed)); }

uint64_t Ghosts::SampleMaskFor(uint64_t entries) const noexcept {
  constexpr uint64_t kMost =
      std::numeric_limits<uint64_t>::max() / 4 / kGhostsPerEntry;
  const uint64_t count = (set_mask_ + 1) * kWays;
  const uint64_t wanted = std::min(entries, kMost) * kGhostsPerEntry;
  return std::bit_ceil(std::max<uint64_t>(wanted / count, 1)) - 1;
}

void Ghosts::FitTo(uint64_t entries) noexcept {
  if (ghosts_.load(std::memory_order_relaxed) == nullptr) {
    ghosts_.store(static_cast<Ghost*>(
                      std::calloc((set_mask_ + 1) * kWays, sizeof(Ghost))),
                  std::memory_order_release);
  }
  const uint64_t mask = sample_mask_.load(std::memory_order_relaxed);
  // Not back as soon as there is one entry less: of keys that begin to be
  // remembered, the past is unknown.
  if (SampleMaskFor(entries) <= mask && SampleMaskFor(2 * entries) >= mask) {
    return;
  }
  sample_mask_.store(SampleMaskFor(entries), std::memory_order_relaxed);
}

void Ghosts::Add(int64_t h, int64_t tick, int64_t expires_at_ms) noexcept {
  if (!Remembers(h)) return;
  Ghost* const set = SetOf(h);
  if (set == nullptr) return;
  Ghost* oldest = set;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (Ghost* ghost = set; ghost != set + kWays; ++ghost) {
    const uint64_t packed = Load(ghost->tag_and_expiry);
    if (TagIn(packed) == TagOf(h)) {
      oldest = ghost;
      break;
    }
    const int64_t used =
        packed == 0 ? std::numeric_limits<int64_t>::min() : Load(ghost->tick);
    if (used >= least) continue;
    least = used;
    oldest = ghost;
  }
  Store(oldest->tick, tick);
  Store(oldest->tag_and_expiry, Pack(h, expires_at_ms));
}

std::optional<int64_t> Ghosts::Find(int64_t h, int64_t now_ms) const noexcept {
  const Ghost* const set = SetOf(h);
  if (set == nullptr) return std::nullopt;
  for (const Ghost* ghost = set; ghost != set + kWays; ++ghost) {
    const uint64_t packed = Load(ghost->tag_and_expiry);
    if (TagIn(packed) != TagOf(h)) continue;
    if (HasExpired(packed, now_ms)) return std::nullopt;
    return Load(ghost->tick);
  }
  return std::nullopt;
}

void Ghosts::Remove(int64_t h) noexcept {
  if (!Remembers(h)) return;
  Ghost* const set = SetOf(h);
  if (set == nullptr) return;
  for (Ghost* ghost = set; ghost != set + kWays; ++ghost) {
    if (TagIn(Load(ghost->tag_and_expiry)) == TagOf(h)) {
      Store(ghost->tag_and_expiry, uint64_t{0});
    }
  }
}

void Ghosts::Clear() noexcept {
  Ghost* const begin = SetOf(0);
  if (begin == nullptr) return;
  for (Ghost* ghost = begin; ghost != begin + (set_mask_ + 1) * kWays;
       ++ghost) {
    if (Load(ghost->tag_and_expiry) == 0) continue;
    Store(ghost->tag_and_expiry, uint64_t{0});
  }
}

}  // namespace appcache::policy
