// Expectations about results, for tests of caches on servers.

#ifndef APPCACHE_TESTS_SERVERS_RESULTS_H_
#define APPCACHE_TESTS_SERVERS_RESULTS_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/lookup.h"

namespace appcache {

// Expects a failure with this code and with `words` in its message.
inline void ExpectError(const Status& status, ErrorCode code,
                        const std::string& words) {
  EXPECT_TRUE(status.Is(code)) << status.ToString();
  EXPECT_NE(status.ToString().find(words), std::string::npos)
      << status.ToString();
}

// The value, "<miss>", or the error.
inline std::string ValueOf(const Lookup<Bytes>& found) {
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}
inline std::string ValueAt(Backend& backend, std::string_view path) {
  return ValueOf(backend.GetRaw(path));
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_SERVERS_RESULTS_H_
