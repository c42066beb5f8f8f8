// How much longer than usual the tests that look for rare events are to run:
// more finds more. tools/test --full sets it.

#ifndef APPCACHE_TESTS_SUPPORT_TEST_SCALE_H_
#define APPCACHE_TESTS_SUPPORT_TEST_SCALE_H_

#include <cstdlib>

namespace appcache {

// APPCACHE_TEST_SCALE, or 1: so many times as many operations.
inline int TestScale() {
  const char* const scale = std::getenv("APPCACHE_TEST_SCALE");
  return scale != nullptr ? std::atoi(scale) : 1;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_TEST_SCALE_H_
