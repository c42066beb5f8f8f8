#include "adapters/memcache/exptime.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <limits>

namespace appcache::memcache {
namespace {

using std::chrono::seconds;

// protocol.txt, "Expiration times".
constexpr seconds kMaxRelative = std::chrono::hours(24 * 30);
constexpr int64_t kMaxAbsolute = std::numeric_limits<int32_t>::max();

}  // namespace

int64_t ExpTime(Ttl ttl, TimePoint now) noexcept {
  assert(ttl >= kNoTtl);
  assert(ttl <= kMaxTtl);
  if (ttl == kNoTtl) return 0;
  const seconds whole = std::chrono::ceil<seconds>(ttl) + seconds(1);
  if (whole <= kMaxRelative) return whole.count();
  const int64_t expiry =
      (std::chrono::floor<seconds>(now.time_since_epoch()) + whole).count();
  return expiry <= kMaxAbsolute ? expiry : 0;
}

Ttl RemainingTtl(int64_t remaining) noexcept {
  constexpr int64_t kNever = -1;
  if (remaining == kNever) return kNoTtl;
  // Before the conversion to milliseconds, which could overflow.
  constexpr int64_t kMax = std::chrono::floor<seconds>(kMaxTtl).count();
  return remaining > 1 ? Ttl(seconds(std::min(remaining - 1, kMax))) : Ttl(1);
}

}  // namespace appcache::memcache
