#include "engine/watch.h"

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

}  // namespace appcache
