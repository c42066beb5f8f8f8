// Opened: for the bindings in this folder.

#ifndef APPCACHE_TESTS_CONFORMANCE_OPENED_H_
#define APPCACHE_TESTS_CONFORMANCE_OPENED_H_

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "appcache/cache.h"
#include "appcache/clock.h"

namespace appcache {

using SharedClock = std::shared_ptr<const Clock>;

// The opened cache. A failure to open fails the test, and gives null.
template <class C>
std::shared_ptr<Cache> Opened(Result<std::unique_ptr<C>> opened) {
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  return opened.ok() ? *std::move(opened) : nullptr;
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_CONFORMANCE_OPENED_H_
