// Corrects the times in the tables after a clock was wrong.

#ifndef APPCACHE_ENGINE_STORE_TIME_CORRECTION_H_
#define APPCACHE_ENGINE_STORE_TIME_CORRECTION_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "appcache/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

// Corrects the rows whose last access is later than `limit`, each by its own
// difference to `now`: that is subtracted from its expiry time, and its access
// gets a new tick. They keep their order. Other rows are not touched, and a row
// is corrected once, whoever does it.
class TimeCorrection {
 public:
  // In microseconds since the Unix epoch. REQUIRES: 0 <= now <= limit.
  TimeCorrection(int64_t now, int64_t limit) noexcept
      : now_(now), limit_(limit), last_used_(limit) {
    assert(0 <= now && now <= limit);
  }

  // Corrects the next rows, at most `most`, and returns their number: fewer if
  // there are no more. Their accesses get ticks from `first_tick` on, at most
  // `limit`. After a failure, a rollback and a call with a copy of the object
  // from before repeat the step. REQUIRES: first_tick <= limit, and a
  // transaction that writes.
  Result<size_t> Step(const Connection& connection, int64_t first_tick,
                      size_t most);

  int64_t limit() const noexcept { return limit_; }
  size_t rows() const noexcept { return rows_; }
  int64_t largest_difference() const noexcept { return largest_; }
  // The last tick that a row got.
  int64_t last_tick() const noexcept { return last_tick_; }

 private:
  int64_t now_;
  int64_t limit_;
  // The last row that was corrected, as it was. The next ones come after it, so
  // that a damaged index cannot offer a row for ever.
  int64_t last_used_;
  int64_t h_ = std::numeric_limits<int64_t>::max();
  int64_t last_tick_ = 0;
  int64_t largest_ = 0;
  size_t rows_ = 0;
};

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_TIME_CORRECTION_H_
