#include "tools/command/exec/run_age.h"

#include <algorithm>

#include "appcache/times.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kClockTolerance = std::chrono::minutes(5);

// The shorter of two ttls, of which 0 is the longest.
milliseconds Shorter(milliseconds one, milliseconds other) {
  if (one == kNoTtl) return other;
  if (other == kNoTtl) return one;
  return std::min(one, other);
}

}  // namespace

milliseconds RunLifetime::Total() const {
  if (ttl == kNoTtl) return kNoTtl;
  return std::min<milliseconds>(ttl + stale, kMaxTtl);
}

RunAge AgeOf(const Run& run, const RunLifetime& lifetime, milliseconds now) {
  const milliseconds ttl = Shorter(run.ttl, lifetime.ttl);
  if (ttl == kNoTtl) return RunAge::kFresh;
  const milliseconds age = now - run.recorded_at;
  if (age <= -kClockTolerance) return RunAge::kExpired;
  if (age < ttl) return RunAge::kFresh;
  return age - ttl < lifetime.stale ? RunAge::kStale : RunAge::kExpired;
}

milliseconds RetryInterval(const RunLifetime& lifetime) {
  constexpr milliseconds kLeast = std::chrono::seconds(1);
  constexpr milliseconds kMost = std::chrono::minutes(1);
  if (lifetime.ttl == kNoTtl) return kMost;
  return std::clamp(lifetime.ttl, kLeast, kMost);
}

}  // namespace appcache::command
