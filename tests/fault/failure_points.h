// Which of an operation's calls a test lets fail, when all would take too long.

#ifndef APPCACHE_TESTS_FAULT_FAILURE_POINTS_H_
#define APPCACHE_TESTS_FAULT_FAILURE_POINTS_H_

#include <cstdint>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/test_scale.h"

namespace appcache {

// Of the calls 1 ... `calls`: the first few and the last few, where an
// operation begins and ends; of those between, one in `stride`, from a random
// one on. All of them when APPCACHE_TEST_SCALE is above 1.
inline std::vector<uint64_t> FailurePoints(uint64_t calls, uint64_t stride,
                                           RandomSource& random) {
  constexpr uint64_t kAtEachEnd = 2;
  if (TestScale() > 1) stride = 1;
  uint64_t next = kAtEachEnd + 1 + random.Below(stride);
  std::vector<uint64_t> points;
  for (uint64_t call = 1; call <= calls; ++call) {
    const bool at_an_end = call <= kAtEachEnd || call + kAtEachEnd > calls;
    if (call == next) {
      next += stride;
    } else if (!at_an_end) {
      continue;
    }
    points.push_back(call);
  }
  return points;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_FAULT_FAILURE_POINTS_H_
