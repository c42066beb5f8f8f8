// MemcacheCache on a server that sends replies without end, very slowly, or of
// any size.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/memcache/memcached_kind.h"
#include "tests/servers/hostile_tests.h"

namespace appcache::memcache_hostile_test {
namespace {

using Pace = Attack::Pace;

std::vector<HostileCase> Attacks() {
  const std::string flood(size_t{64} << 10, 'x');
  std::vector<HostileCase> all = CommonAttacks();
  all.insert(
      all.end(),
      {{{"EndlessLine", "VERSION ", flood}},
       {{"EndlessError", "SERVER_ERROR ", flood}},
       {{"HugeValue", "VALUE a 0 2147483647\r\n", flood}, ErrorCode::kTooLarge},
       {{"HugeMetaValue", "VA 2147483647 ka t1\r\n", flood},
        ErrorCode::kTooLarge},
       {{"HugeTtls", "", "VA 1 ka t9223372036854775807 f0\r\nv\r\n"}},
       {{"HugeTtl", "VA 1 ka t9223372036854775807 f0\r\nv\r\n", "",
         Pace::kOnce}},
       {{"MostNegativeTtl", "VA 1 ka t-9223372036854775808 f0\r\nv\r\n", "",
         Pace::kOnce}},
       {{"LargestValue", "VALUE a 0 1048576\r\n", flood}},
       {{"EndlessValues", "", "VALUE a 0 5\r\nvalue\r\n"}, ErrorCode::kTimeout},
       {{"SlowValue", "VALUE a 0 100000\r\n", "x", Pace::kDrip},
        ErrorCode::kTimeout},
       {{"SlowLine", "VERSION ", "1", Pace::kDrip}, ErrorCode::kTimeout},
       {{"UnaskedReplies", "", "STORED\r\nDELETED\r\nOK\r\nHD ka t1\r\n"}},
       {{"EndlessErrors", "", "SERVER_ERROR x\r\n"}}});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Memcached, ServerHostileTest,
                         testing::Combine(testing::Values(MemcachedKind()),
                                          testing::ValuesIn(Attacks())),
                         NameOfKindAndAttack);

}  // namespace
}  // namespace appcache::memcache_hostile_test
