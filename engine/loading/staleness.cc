#include "engine/loading/staleness.h"

#include <algorithm>
#include <random>
#include <string>

namespace appcache {
namespace {

bool Refreshes(const LoadOptions& options) noexcept {
  return options.refresh_ahead > Ttl(0) && options.executor != nullptr;
}

Status OutOfRange(const std::string& what) {
  return Status(ErrorCode::kInvalidArgument, "the LoadOptions: " + what);
}

// The steps and the mixing of SplitMix64 (Steele, Lea and Flood, 2014).
constexpr uint64_t kStep = 0x9e3779b97f4a7c15;

uint64_t Mixed(uint64_t state) noexcept {
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

bool NeedsTtl(const LoadOptions& options) noexcept {
  return options.stale_for > Ttl(0) || Refreshes(options);
}

Age AgeOf(Ttl left, const LoadOptions& options) noexcept {
  if (left == kNoTtl) return Age::kFresh;
  const Ttl fresh_left = left - std::max(options.stale_for, Ttl(0));
  if (options.stale_for > Ttl(0) && fresh_left <= Ttl(0)) return Age::kStale;
  if (Refreshes(options) && fresh_left <= options.refresh_ahead) {
    return Age::kDue;
  }
  return Age::kFresh;
}

double Chance::Draw(std::optional<uint64_t> seed) {
  if (state_.load(std::memory_order_relaxed) == 0) {
    uint64_t unseeded = 0;
    // Zero would be taken for no seed.
    state_.compare_exchange_strong(unseeded, (seed ? *seed : RandomSeed()) | 1,
                                   std::memory_order_relaxed);
  }
  const uint64_t state = state_.fetch_add(kStep, std::memory_order_relaxed);
  // The 53 bits that a double holds.
  return static_cast<double>(Mixed(state) >> 11) * 0x1p-53;
}

Result<Ttl> TtlToStore(Ttl ttl, const LoadOptions& options, bool tells_ttl,
                       double draw) {
  if (!(options.ttl_jitter >= 0 && options.ttl_jitter <= 1)) {
    return OutOfRange("ttl_jitter is " + std::to_string(options.ttl_jitter) +
                      "; it must be from 0 to 1");
  }
  if (options.stale_for > kMaxTtl) {
    return OutOfRange("stale_for is over 100 years");
  }
  if (ttl == kNoTtl) return ttl;
  const auto shortened =
      static_cast<double>(ttl.count()) * (1 - options.ttl_jitter * draw);
  ttl = std::clamp(Ttl(static_cast<Ttl::rep>(shortened)), Ttl(1), ttl);
  if (tells_ttl) ttl += std::max(options.stale_for, Ttl(0));
  return std::min(ttl, kMaxTtl);
}

}  // namespace appcache
