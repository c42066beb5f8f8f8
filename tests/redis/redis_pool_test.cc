// The connections of a RedisCache.

#include <gtest/gtest.h>

#include "tests/redis/redis_kind.h"
#include "tests/servers/pool_tests.h"

namespace appcache::redis_pool_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Redis, ServerPoolTest, testing::Values(RedisKind()),
                         NameOfKind);

}  // namespace
}  // namespace appcache::redis_pool_test
