// Settings: the options that the clients of all servers share.

#ifndef APPCACHE_ADAPTERS_NET_SETTINGS_H_
#define APPCACHE_ADAPTERS_NET_SETTINGS_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "appcache/error.h"

namespace appcache::net {

struct Settings {
  std::chrono::milliseconds timeout;          // from 1 ms to a day
  std::chrono::milliseconds connect_timeout;  // from 1 ms to a day
  size_t max_connections;                     // from 1 to 10,000

  // kInvalidArgument that names the first option out of range.
  Status Validate() const;

  // For BackendTraits::limits.
  std::vector<std::pair<std::string, std::string>> ToLimits() const;
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_SETTINGS_H_
