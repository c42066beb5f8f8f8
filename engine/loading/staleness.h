// Derives a value's age from its remaining ttl: fresh, due for refresh, or
// stale.

#ifndef APPCACHE_ENGINE_LOADING_STALENESS_H_
#define APPCACHE_ENGINE_LOADING_STALENESS_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "appcache/error.h"
#include "appcache/load_options.h"
#include "appcache/times.h"

namespace appcache::internal {

// In increasing order of usefulness.
enum class Age {
  kMissing,  // load it
  kStale,    // load it; return the value if that fails
  kDue,      // return it, and start a background reload
  kFresh,    // return it
};

// Whether AgeOf depends on the remaining ttl.
bool NeedsTtl(const LoadOptions& options) noexcept;

// The age of a value.
Age AgeOf(Ttl remaining_ttl, const LoadOptions& options) noexcept;

// Uniform random numbers in [0, 1). Thread-safe.
class JitterSource {
 public:
  // The next number. `seed` counts in the first call only; none: random.
  double Next(std::optional<uint64_t> seed);

 private:
  std::atomic<uint64_t> state_{0};  // zero: no seed yet
};

// The ttl with which to store a value that is to be fresh for `ttl`: shortened
// by `jitter`, in [0, 1), of the jitter in the options, and extended by
// stale_for if the backend supports ttl queries. kInvalidArgument when an
// option is out of range. REQUIRES: CheckTtl(ttl).ok().
Result<Ttl> TtlToStore(Ttl ttl, const LoadOptions& options,
                       bool supports_ttl_query, double jitter);

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_STALENESS_H_
