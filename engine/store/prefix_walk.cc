#include "engine/store/prefix_walk.h"

#include <sqlite3.h>

#include <limits>

#include "engine/store/statements.h"

namespace appcache::store {

Status PrefixWalk::Prepare(const Connection& connection,
                           std::string_view prefix) {
  connection_ = &connection;
  prefix_ = prefix;
  return connection.Prepare(sql::kHashesFrom, statement_);
}

Result<std::vector<int64_t>> PrefixWalk::Next() {
  // A writer to an in-memory database waits for a step, which takes a fraction
  // of a millisecond.
  constexpr int64_t kRowsPerStep = 1024;

  std::vector<int64_t> found;
  Run run(statement_);
  run.Bind(1, next_h_).Bind(2, kRowsPerStep);
  int64_t rows = 0;
  int64_t last_h = next_h_;
  int rc = SQLITE_DONE;
  while ((rc = run.Step()) == SQLITE_ROW) {
    ++rows;
    last_h = run.Int(0);
    if (run.Blob(1).starts_with(prefix_)) found.push_back(last_h);
  }
  if (rc != SQLITE_DONE) return connection_->Failure(rc, "read");
  ended_ = rows < kRowsPerStep || last_h == std::numeric_limits<int64_t>::max();
  if (!ended_) next_h_ = last_h + 1;
  return found;
}

}  // namespace appcache::store
