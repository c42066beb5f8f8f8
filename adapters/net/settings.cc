#include "adapters/net/settings.h"

namespace appcache::net {
namespace {

using std::chrono::milliseconds;

Status CheckDuration(const char* name, milliseconds value) {
  if (value >= milliseconds(1) && value <= std::chrono::hours(24)) {
    return Status();
  }
  return Status(ErrorCode::kInvalidArgument,
                std::string(name) + " is " + std::to_string(value.count()) +
                    " ms; it must be from 1 ms to a day");
}

std::string InMs(milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

}  // namespace

Status Settings::Validate() const {
  if (max_connections < 1 || max_connections > 10'000) {
    return Status(ErrorCode::kInvalidArgument,
                  "max_connections is " + std::to_string(max_connections) +
                      "; it must be from 1 to 10,000");
  }
  Status status = CheckDuration("timeout", timeout);
  return status.ok() ? CheckDuration("connect_timeout", connect_timeout)
                     : status;
}

std::vector<std::pair<std::string, std::string>> Settings::ToLimits() const {
  return {{"timeout", InMs(timeout)},
          {"connect_timeout", InMs(connect_timeout)},
          {"max_connections", std::to_string(max_connections)}};
}

}  // namespace appcache::net
