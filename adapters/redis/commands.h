// Appends the commands of the cache's operations to a request.

#ifndef APPCACHE_ADAPTERS_REDIS_COMMANDS_H_
#define APPCACHE_ADAPTERS_REDIS_COMMANDS_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "adapters/redis/connection.h"
#include "appcache/backend.h"

namespace appcache::redis {

// The largest number of keys in one command: the server serves no other client
// while it runs a command.
inline constexpr size_t kKeysPerCommand = 4096;

// These throw std::bad_alloc.

// `command path path ...`, as often as kKeysPerCommand requires.
void AppendKeys(Connection& connection, std::string_view command,
                std::span<const std::string_view> paths);

// SET. REQUIRES: the entry's ttl is in [0, kMaxTtl].
void AppendSet(Connection& connection, const RawEntry& entry);

// SET NX: sets the entry unless the key exists. REQUIRES: as AppendSet.
void AppendAdd(Connection& connection, const RawEntry& entry);

// PEXPIRE, or PERSIST and EXISTS for kNoTtl: one of the replies is 1 if the key
// exists. REQUIRES: `ttl` is in [0, kMaxTtl].
void AppendSetTtl(Connection& connection, std::string_view path, Ttl ttl);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_COMMANDS_H_
