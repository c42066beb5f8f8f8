#include "appcache/watch.h"

#include <utility>

#include "engine/support/option_check.h"

namespace appcache {

std::string_view ToString(WatchMode mode) noexcept {
  switch (mode) {
    case WatchMode::kTracking:
      return "tracking";
    case WatchMode::kAnnounced:
      return "announced";
  }
  return "unknown";
}

Status Validate(const WatchOptions& options) {
  for (const auto& [name, value] :
       {std::pair("ping_interval", options.ping_interval),
        std::pair("ping_timeout", options.ping_timeout),
        std::pair("min_retry", options.min_retry),
        std::pair("max_retry", options.max_retry)}) {
    Status valid = internal::CheckDuration(
        name, value, std::chrono::milliseconds(1), std::chrono::hours(1));
    if (!valid.ok()) return valid;
  }
  if (options.min_retry <= options.max_retry) return Status();
  return Status(ErrorCode::kInvalidArgument,
                "min_retry is " + std::to_string(options.min_retry.count()) +
                    " ms; it must be at most max_retry, which is " +
                    std::to_string(options.max_retry.count()) + " ms");
}

}  // namespace appcache
