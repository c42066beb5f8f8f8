#include "adapters/redis/commands.h"

#include <algorithm>
#include <cassert>
#include <string>

namespace appcache::redis {
void AppendKeys(Connection& connection, std::string_view command,
                std::span<const std::string_view> paths) {
  for (size_t at = 0; at < paths.size(); at += kKeysPerCommand) {
    const auto some =
        paths.subspan(at, std::min(kKeysPerCommand, paths.size() - at));
    connection.BeginCommand(some.size() + 1);
    connection.AppendArgument(command);
    for (const std::string_view path : some) connection.AppendArgument(path);
  }
}

void AppendSet(Connection& connection, const RawEntry& entry) {
  assert(entry.ttl >= kNoTtl && entry.ttl <= kMaxTtl);
  if (entry.ttl == kNoTtl) {
    connection.Append({"SET", entry.path, entry.value});
  } else {
    connection.Append({"SET", entry.path, entry.value, "PX",
                       std::to_string(entry.ttl.count())});
  }
}

void AppendAdd(Connection& connection, const RawEntry& entry) {
  assert(entry.ttl >= kNoTtl && entry.ttl <= kMaxTtl);
  if (entry.ttl == kNoTtl) {
    connection.Append({"SET", entry.path, entry.value, "NX"});
  } else {
    connection.Append({"SET", entry.path, entry.value, "NX", "PX",
                       std::to_string(entry.ttl.count())});
  }
}

void AppendSetTtl(Connection& connection, std::string_view path, Ttl ttl) {
  assert(ttl >= kNoTtl && ttl <= kMaxTtl);
  if (ttl == kNoTtl) {
    connection.Append({"PERSIST", path});
    connection.Append({"EXISTS", path});
  } else {
    connection.Append({"PEXPIRE", path, std::to_string(ttl.count())});
  }
}

}  // namespace appcache::redis
