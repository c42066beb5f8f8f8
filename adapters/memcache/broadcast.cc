#include "adapters/memcache/broadcast.h"

#include <cstddef>

#include "adapters/memcache/batch.h"
#include "adapters/memcache/keyless_request.h"

namespace appcache::memcache {

Result<std::vector<std::string>> Broadcast(Servers& servers,
                                           std::string_view command,
                                           Reply::Type expected) {
  struct Target {
    size_t server;
  };
  std::vector<Target> targets;
  for (size_t server = 0; server < servers.size(); ++server) {
    targets.push_back({server});
  }
  const auto make_request = [&](const Target& target) {
    return KeylessRequest(command, expected, servers.name(target.server));
  };
  Status first_failure;
  std::vector<std::string> texts;
  const auto finish = [&](const Target&, const KeylessRequest& request,
                          const Status& sent) {
    if (first_failure.ok())
      first_failure = sent.ok() ? request.failure() : sent;
    texts.push_back(request.text());
  };
  SendBatches(servers, targets, servers.NewDeadline(), make_request, finish);
  if (!first_failure.ok()) return first_failure;
  return texts;
}

}  // namespace appcache::memcache
