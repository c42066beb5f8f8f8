// TestScale: how much longer than usual the tests that look for rare events
// run.

#ifndef APPCACHE_TESTS_SUPPORT_TEST_SCALE_H_
#define APPCACHE_TESTS_SUPPORT_TEST_SCALE_H_

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace appcache {

// The factor for the number of operations of random tests: APPCACHE_TEST_SCALE,
// from 1 to 1000, or 1 if it is not set. tools/test --full sets it.
inline int TestScale() {
  const char* const text = std::getenv("APPCACHE_TEST_SCALE");
  if (text == nullptr) return 1;
  const std::string_view digits(text);
  int scale = 0;
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), scale);
  if (error != std::errc() || stop != digits.data() + digits.size() ||
      scale < 1 || scale > 1000) {
    std::fprintf(stderr,
                 "APPCACHE_TEST_SCALE=%s: expected a number from 1 to 1000\n",
                 text);
    std::abort();
  }
  return scale;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SUPPORT_TEST_SCALE_H_
