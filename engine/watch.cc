#include "engine/watch.h"

#include <utility>

namespace appcache {
namespace {

using std::chrono::milliseconds;

Status CheckDuration(const char* name, milliseconds value) {
  if (value >= milliseconds(1) && value <= std::chrono::hours(1)) {
    return Status();
  }
  return Status(ErrorCode::kInvalidArgument,
                std::string(name) + " is " + std::to_string(value.count()) +
                    " ms; it must be from 1 ms to an hour");
}

}  // namespace

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
    if (Status valid = CheckDuration(name, value); !valid.ok()) return valid;
  }
  if (options.min_retry <= options.max_retry) return Status();
  return Status(ErrorCode::kInvalidArgument,
                "min_retry is " + std::to_string(options.min_retry.count()) +
                    " ms, and above max_retry, which is " +
                    std::to_string(options.max_retry.count()) + " ms");
}

}  // namespace appcache
