// The Redis server, for the tests that every cache on a server must pass.

#ifndef APPCACHE_TESTS_REDIS_REDIS_KIND_H_
#define APPCACHE_TESTS_REDIS_REDIS_KIND_H_

#include "tests/servers/server_kind.h"

namespace appcache {

ServerKind RedisKind();

}  // namespace appcache

#endif  // APPCACHE_TESTS_REDIS_REDIS_KIND_H_
