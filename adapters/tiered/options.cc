#include "adapters/tiered/options.h"

#include <chrono>
#include <cstdint>
#include <limits>

#include "engine/support/option_check.h"

namespace appcache::tiered {
namespace {

using internal::CheckDuration;
using internal::CheckRange;
using std::chrono::milliseconds;

constexpr milliseconds kMs{1};
constexpr milliseconds kHour = std::chrono::hours(1);
constexpr milliseconds kDay = std::chrono::hours(24);
constexpr milliseconds kYear = 365 * kDay;
constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

}  // namespace

Status ValidateBackends(const Backend* local, const Backend* remote) {
  if (local == nullptr || remote == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the local or the remote backend of a tier is null; a tier "
                  "needs both");
  }
  if (local == remote) {
    return Status(ErrorCode::kInvalidArgument,
                  "the local and the remote backend of a tier are the same; a "
                  "tier needs a local backend of its own");
  }
  return Status();
}

Status Validate(const TieredOptions& options) {
  const LeasePolicy& lease = options.lease;
  const Status checks[] = {
      appcache::Validate(options.cache),
      CheckDuration("max_staleness", lease.max_staleness, 4 * kMs, kHour),
      CheckDuration("open_for", options.breaker.open_for, kMs, kDay),
      CheckRange("failures", options.breaker.failures, 1, kNoLimit),
      CheckRange("max_pending", options.max_pending, 1, kNoLimit),
      CheckDuration("max_wait", options.max_wait, kMs, kDay),
      CheckDuration("untracked_ttl", options.untracked_ttl, kMs, kMaxTtl),
      CheckDuration("max_local_ttl", options.max_local_ttl, kNoTtl, kMaxTtl),
      CheckDuration("absence_ttl", options.absence_ttl, kNoTtl, kMaxTtl),
  };
  for (const Status& check : checks) {
    if (!check.ok()) return check;
  }
  // Its range depends on max_staleness, which is valid here.
  return CheckDuration("max_stale_age", lease.max_stale_age,
                       lease.max_staleness, kYear);
}

std::string_view ToString(WhenLost when_lost) noexcept {
  switch (when_lost) {
    case WhenLost::kBypass:
      return "bypass";
    case WhenLost::kBounded:
      return "bounded";
    case WhenLost::kServeStale:
      return "serve_stale";
  }
  return "unknown";
}

}  // namespace appcache::tiered
