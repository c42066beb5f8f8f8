// Commands of more than a few words.

#ifndef APPCACHE_ADAPTERS_REDIS_COMMANDS_H_
#define APPCACHE_ADAPTERS_REDIS_COMMANDS_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "adapters/redis/connection.h"
#include "engine/cache.h"

namespace appcache::redis {

// How many keys go into one command: the server serves nobody else meanwhile.
inline constexpr size_t kKeysPerCommand = 4096;

// As many commands of that name as it takes.
void AppendKeys(Connection& connection, std::string_view command,
                std::span<const std::string_view> paths);

void AppendSet(Connection& connection, const Cache::RawEntry& entry);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_COMMANDS_H_
