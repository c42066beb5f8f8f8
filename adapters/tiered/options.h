// The checks of what a tier is opened with.

#ifndef APPCACHE_ADAPTERS_TIERED_OPTIONS_H_
#define APPCACHE_ADAPTERS_TIERED_OPTIONS_H_

#include <string_view>

#include "appcache/backend.h"
#include "appcache/error.h"
#include "appcache/tiered_options.h"

namespace appcache::tiered {

// kInvalidArgument when one is null, or both are the same.
Status ValidateBackends(const Backend* local, const Backend* remote);

// kInvalidArgument when an option is out of range.
Status Validate(const TieredOptions& options);

// "bypass", "bounded", "serve_stale": as in a URI.
std::string_view ToString(WhenLost when_lost) noexcept;

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_OPTIONS_H_
