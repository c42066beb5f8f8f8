#include "engine/loading/staleness.h"

#include <algorithm>
#include <random>
#include <string>

namespace appcache::internal {
namespace {

bool Refreshes(const LoadOptions& options) noexcept {
  return options.refresh_ahead > Ttl(0) && options.executor != nullptr;
}

Status InvalidOption(const std::string& what) {
  return Status(ErrorCode::kInvalidArgument, "LoadOptions: " + what);
}

// The increment and the mixing function of SplitMix64 (Steele, Lea and Flood,
// 2014).
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

Age AgeOf(Ttl remaining_ttl, const LoadOptions& options) noexcept {
  if (remaining_ttl == kNoTtl) return Age::kFresh;
  const Ttl fresh_for = remaining_ttl - std::max(options.stale_for, Ttl(0));
  if (options.stale_for > Ttl(0) && fresh_for <= Ttl(0)) return Age::kStale;
  if (Refreshes(options) && fresh_for <= options.refresh_ahead) {
    return Age::kDue;
  }
  return Age::kFresh;
}

double JitterSource::Next(std::optional<uint64_t> seed) {
  if (state_.load(std::memory_order_relaxed) == 0) {
    uint64_t unseeded = 0;
    // Zero means that there is no seed yet.
    state_.compare_exchange_strong(unseeded, (seed ? *seed : RandomSeed()) | 1,
                                   std::memory_order_relaxed);
  }
  const uint64_t state = state_.fetch_add(kStep, std::memory_order_relaxed);
  // A double has 53 bits.
  return static_cast<double>(Mixed(state) >> 11) * 0x1p-53;
}

Result<Ttl> TtlToStore(Ttl ttl, const LoadOptions& options,
                       bool supports_ttl_query, double jitter) {
  if (!(options.ttl_jitter >= 0 && options.ttl_jitter <= 1)) {
    return InvalidOption("ttl_jitter is " + std::to_string(options.ttl_jitter) +
                         "; it must be from 0 to 1");
  }
  if (options.stale_for > kMaxTtl) {
    return InvalidOption("stale_for is over 100 years");
  }
  if (ttl == kNoTtl) return ttl;
  const auto shortened =
      static_cast<double>(ttl.count()) * (1 - options.ttl_jitter * jitter);
  ttl = std::clamp(Ttl(static_cast<Ttl::rep>(shortened)), Ttl(1), ttl);
  if (supports_ttl_query) ttl += std::max(options.stale_for, Ttl(0));
  return std::min(ttl, kMaxTtl);
}

}  // namespace appcache::internal
