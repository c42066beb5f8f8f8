#include "engine/store/time_correction.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <vector>

#include "engine/store/statement.h"
#include "engine/store/statements.h"

namespace appcache::store {
namespace {

constexpr char kCorrect[] = "correct the times of";

struct Access {
  int64_t h;
  int64_t last_used;
};

}  // namespace

Result<size_t> TimeCorrection::Step(const Connection& connection,
                                    int64_t first_tick, size_t most) {
  assert(first_tick <= limit_);
  Statement find;
  Statement move_expiry;
  Statement renumber;
  Status status = connection.Prepare(sql::kAccessesAfter, find);
  if (status.ok()) status = connection.Prepare(sql::kMoveExpiry, move_expiry);
  if (status.ok()) status = connection.Prepare(sql::kRenumberAccess, renumber);
  if (!status.ok()) return status;
  std::vector<Access> found;
  {
    Run run(find);
    run.Bind(1, last_used_).Bind(2, h_).Bind(3, static_cast<int64_t>(most));
    int rc = SQLITE_DONE;
    while ((rc = run.Step()) == SQLITE_ROW) {
      found.push_back({run.Int(0), run.Int(1)});
    }
    if (rc != SQLITE_DONE) return connection.Failure(rc, kCorrect);
  }
  int64_t tick = first_tick;
  for (const Access& access : found) {
    const int64_t difference = std::max<int64_t>(access.last_used - now_, 0);
    int rc =
        Run(move_expiry).Bind(1, access.h).Bind(2, difference / 1000).Step();
    if (rc == SQLITE_DONE) {
      last_tick_ = tick;
      rc = Run(renumber).Bind(1, access.h).Bind(2, last_tick_).Step();
    }
    if (rc != SQLITE_DONE) return connection.Failure(rc, kCorrect);
    tick = std::min(tick + 1, limit_);
    largest_ = std::max(largest_, difference);
  }
  rows_ += found.size();
  if (!found.empty()) {
    last_used_ = found.back().last_used;
    h_ = found.back().h;
  }
  return found.size();
}

}  // namespace appcache::store
