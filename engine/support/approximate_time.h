// How Clock::Approximate() is used.

#ifndef APPCACHE_ENGINE_SUPPORT_APPROXIMATE_TIME_H_
#define APPCACHE_ENGINE_SUPPORT_APPROXIMATE_TIME_H_

#include <chrono>

namespace appcache::internal {

// Within this time of a deadline, callers ask Clock::Now(). The approximate
// time is at most 10 ms early, and a little more when the machine is so busy
// that the kernel updates it late.
inline constexpr std::chrono::milliseconds kMostEarly{50};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_APPROXIMATE_TIME_H_
