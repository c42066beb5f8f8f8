#include "adapters/net/server_text.h"

namespace appcache::net {

std::string VersionAtStartOf(std::string_view text) {
  constexpr size_t kMaxBytes = 40;
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+";
  const std::string_view start = text.substr(0, kMaxBytes);
  return std::string(start.substr(0, start.find_first_not_of(kAllowed)));
}

}  // namespace appcache::net
