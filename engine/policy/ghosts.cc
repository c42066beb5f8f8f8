#include "engine/policy/ghosts.h"

#include <algorithm>
#include <bit>
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

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

Ghosts::Ghosts(uint64_t max_entries) {
  const uint64_t wanted =
      std::min(max_entries,
               std::numeric_limits<uint64_t>::max() / 2 / kGhostsPerEntry) *
      kGhostsPerEntry;
  const uint64_t count =
      std::bit_ceil(std::clamp<uint64_t>(wanted, kWays, kMostGhosts));
  set_mask_ = count / kWays - 1;
  sample_mask_ = std::bit_ceil(std::max<uint64_t>(wanted / count, 1)) - 1;
  ghosts_ = std::make_unique<Ghost[]>(count);
}

void Ghosts::Add(int64_t h, int64_t tick, int64_t expires_at_ms) noexcept {
  if (!Remembers(h)) return;
  Ghost* const set = SetOf(h);
  Ghost* oldest = set;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (Ghost* ghost = set; ghost != set + kWays; ++ghost) {
    const uint64_t packed = ghost->tag_and_expiry.load(kRelaxed);
    if (TagIn(packed) == TagOf(h)) {
      oldest = ghost;
      break;
    }
    const int64_t used = packed == 0 ? std::numeric_limits<int64_t>::min()
                                     : ghost->tick.load(kRelaxed);
    if (used >= least) continue;
    least = used;
    oldest = ghost;
  }
  oldest->tick.store(tick, kRelaxed);
  oldest->tag_and_expiry.store(Pack(h, expires_at_ms), kRelaxed);
}

std::optional<int64_t> Ghosts::Find(int64_t h, int64_t now_ms) const noexcept {
  const Ghost* const set = SetOf(h);
  for (const Ghost* ghost = set; ghost != set + kWays; ++ghost) {
    const uint64_t packed = ghost->tag_and_expiry.load(kRelaxed);
    if (TagIn(packed) != TagOf(h)) continue;
    if (HasExpired(packed, now_ms)) return std::nullopt;
    return ghost->tick.load(kRelaxed);
  }
  return std::nullopt;
}

void Ghosts::Remove(int64_t h) noexcept {
  if (!Remembers(h)) return;
  Ghost* const set = SetOf(h);
  for (Ghost* ghost = set; ghost != set + kWays; ++ghost) {
    if (TagIn(ghost->tag_and_expiry.load(kRelaxed)) == TagOf(h)) {
      ghost->tag_and_expiry.store(0, kRelaxed);
    }
  }
}

void Ghosts::Clear() noexcept {
  Ghost* const end = &ghosts_[(set_mask_ + 1) * kWays];
  for (Ghost* ghost = ghosts_.get(); ghost != end; ++ghost) {
    ghost->tag_and_expiry.store(0, kRelaxed);
  }
}

}  // namespace appcache::policy
