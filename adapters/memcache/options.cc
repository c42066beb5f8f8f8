#include "adapters/memcache/options.h"

#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "adapters/memcache/item.h"
#include "engine/support/option_check.h"

namespace appcache::memcache {
namespace {

constexpr uint64_t kMaxServers = 1000;
constexpr uint64_t kMaxWeight = 1'000'000;
// Longer than any name of the DNS, and than any IPv6 address with its zone.
constexpr uint64_t kMaxHostBytes = 255;

Status Invalid(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status ValidateServer(const MemcacheServer& server) {
  if (server.unix_path.empty() && (server.host.empty() || server.port == 0)) {
    return Invalid(
        "a server needs a host and a port other than 0, or a unix_path");
  }
  if (server.unix_path.empty() && server.host.size() > kMaxHostBytes) {
    return Invalid("the host of a server has " +
                   std::to_string(server.host.size()) + " bytes; at most " +
                   std::to_string(kMaxHostBytes) + " are possible");
  }
  for (const std::string* const text : {&server.host, &server.unix_path}) {
    if (text->find('\0') != std::string::npos) {
      return Invalid("the host or the unix_path of a server contains a NUL");
    }
  }
  return internal::CheckRange(
      "the weight of " + EndpointOf(server).ServerName(), server.weight, 1,
      kMaxWeight);
}

// A duplicate would get twice its share of the keys, over two pools.
Status CheckNoDuplicates(const std::vector<MemcacheServer>& servers) {
  std::set<std::tuple<std::string_view, std::string_view, uint16_t>> seen;
  for (const MemcacheServer& server : servers) {
    const bool is_new =
        server.unix_path.empty()
            ? seen.emplace("", server.host, server.port).second
            : seen.emplace(server.unix_path, "", uint16_t{0}).second;
    if (!is_new) {
      return Invalid(EndpointOf(server).ServerName() +
                     " is listed twice; list it once, with a higher weight");
    }
  }
  return Status();
}

Status ValidateServers(const std::vector<MemcacheServer>& servers) {
  Status status = internal::CheckRange("the number of servers", servers.size(),
                                       1, kMaxServers);
  for (const MemcacheServer& server : servers) {
    if (!status.ok()) return status;
    status = ValidateServer(server);
  }
  return status.ok() ? CheckNoDuplicates(servers) : status;
}

}  // namespace

Status Validate(const MemcacheCacheOptions& options) {
  Status status = appcache::Validate(options.cache);
  if (status.ok()) status = ValidateServers(options.servers);
  if (status.ok()) {
    status = internal::CheckSize("max_item_bytes", options.max_item_bytes,
                                 kMinItemBytes, kMaxItemBytes);
  }
  return status.ok() ? SettingsOf(options).Validate() : status;
}

net::Endpoint EndpointOf(const MemcacheServer& server) {
  return {"Memcached", server.host, server.port, server.unix_path};
}

net::Settings SettingsOf(const MemcacheCacheOptions& options) {
  return {options.timeout, options.connect_timeout, options.max_connections};
}

}  // namespace appcache::memcache
