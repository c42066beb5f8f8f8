// Bounds what is read out of a pickle, in which one value may occur in many
// places.

#ifndef APPCACHE_ENGINE_CODEC_PICKLE_LIMITS_H_
#define APPCACHE_ENGINE_CODEC_PICKLE_LIMITS_H_

#include <cstddef>

#include "appcache/pickle_serialiser.h"

namespace appcache::internal {

// Whether `root`, read from a pickle of `pickle_bytes`, consists of values that
// Python has, and a copy of it keeps the limits of pickle_serialiser.h. Visits
// at most kMaxPickleValues, also if a value contains itself.
bool KeepsPickleLimits(const PickleNode& root, size_t pickle_bytes) noexcept;

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_CODEC_PICKLE_LIMITS_H_
