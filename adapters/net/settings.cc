#include "adapters/net/settings.h"

#include "engine/support/option_check.h"

namespace appcache::net {
namespace {

using std::chrono::milliseconds;

Status CheckTimeout(std::string_view name, milliseconds value) {
  return internal::CheckDuration(name, value, milliseconds(1),
                                 std::chrono::hours(24));
}

std::string InMs(milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

}  // namespace

Status Settings::Validate() const {
  Status status =
      internal::CheckRange("max_connections", max_connections, 1, 10'000);
  if (status.ok()) status = CheckTimeout("timeout", timeout);
  if (status.ok()) status = CheckTimeout("connect_timeout", connect_timeout);
  return status;
}

std::vector<std::pair<std::string, std::string>> Settings::ToLimits() const {
  return {{"timeout", InMs(timeout)},
          {"connect_timeout", InMs(connect_timeout)},
          {"max_connections", std::to_string(max_connections)}};
}

}  // namespace appcache::net
