// What is left of a value's ttl says how old it is: fresh, due to be refreshed,
// or stale.

#ifndef APPCACHE_ENGINE_LOADING_STALENESS_H_
#define APPCACHE_ENGINE_LOADING_STALENESS_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/error.h"
#include "engine/load_options.h"
#include "engine/ttl.h"

namespace appcache {

// In the order of what a reader does about it.
enum class Age {
  kMissing,  // load
  kStale,    // load; the value is better than none
  kDue,      // return it, and have it loaded
  kFresh,    // return it
};

// Whether AgeOf depends on what is left.
bool NeedsTtl(const LoadOptions& options) noexcept;

// The age of a value of which `left` is left.
Age AgeOf(Ttl left, const LoadOptions& options) noexcept;

// Where on [0, 1) to draw from. Thread-safe.
class Chance {
 public:
  // `seed` is that of the first draw; none: random.
  double Draw(std::optional<uint64_t> seed);

 private:
  std::atomic<uint64_t> state_{0};  // zero: not seeded
};

// What a value is to be stored with that is to be fresh for `ttl`, which is in
// range, shortened by `draw`, in [0, 1), of the jitter. kInvalidArgument when
// an option is out of range.
Result<Ttl> TtlToStore(Ttl ttl, const LoadOptions& options, bool tells_ttl,
                       double draw);

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_STALENESS_H_
