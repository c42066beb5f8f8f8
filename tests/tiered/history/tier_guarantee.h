// The guarantee that the tiers of a history are opened with, and checked for.

#ifndef APPCACHE_TESTS_TIERED_HISTORY_TIER_GUARANTEE_H_
#define APPCACHE_TESTS_TIERED_HISTORY_TIER_GUARANTEE_H_

#include <chrono>

namespace appcache {

inline constexpr std::chrono::milliseconds kMaxStaleness{400};

}  // namespace appcache

#endif  // APPCACHE_TESTS_TIERED_HISTORY_TIER_GUARANTEE_H_
