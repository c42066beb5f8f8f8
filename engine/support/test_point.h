// TestPoint: a named place in the code at which a test can hold a thread.
//
// With NDEBUG it is nothing. Otherwise it loads one pointer, which is null
// unless a test has installed a handler.

#ifndef APPCACHE_ENGINE_SUPPORT_TEST_POINT_H_
#define APPCACHE_ENGINE_SUPPORT_TEST_POINT_H_

#include <atomic>

namespace appcache::internal {

#ifdef NDEBUG

inline void TestPoint(const char*) noexcept {}

#else

// Called by each thread that reaches a point, and may block it. Gets the name
// of the point.
using TestPointHandler = void (*)(const char*) noexcept;

inline std::atomic<TestPointHandler> test_point_handler{nullptr};

inline void TestPoint(const char* name) noexcept {
  const auto handler = test_point_handler.load(std::memory_order_acquire);
  if (handler != nullptr) [[unlikely]]
    handler(name);
}

#endif

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_TEST_POINT_H_
