// RedisCache over a faulty network, and on a server that hangs, dies and
// restarts.

#include <gtest/gtest.h>

#include "tests/redis/redis_kind.h"
#include "tests/servers/fault_tests.h"

namespace appcache::redis_fault_test {
namespace {

INSTANTIATE_TEST_SUITE_P(Redis, ServerFaultTest,
                         testing::Combine(testing::Values(RedisKind()),
                                          testing::Values(kShortTimeout,
                                                          kUsualTimeout)),
                         NameOfKindAndTimeout);

}  // namespace
}  // namespace appcache::redis_fault_test
