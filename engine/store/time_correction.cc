#include "engine/store/time_correction.h"

#include <sqlite3.h>

#include <vector>

#include "engine/store/statement.h"
#include "engine/store/statements.h"

namespace appcache::store {
namespace {

constexpr char kCorrect[] = "correct the times of";

Status RunBound(const Connection& connection, const char* sql, int64_t value) {
  Statement statement;
  Status status = connection.Prepare(sql, statement);
  if (!status.ok()) return status;
  const int rc = Run(statement).Bind(1, value).Step();
  return rc == SQLITE_DONE ? Status() : connection.Failure(rc, kCorrect);
}

}  // namespace

Status RenumberAccessesAfter(const Connection& connection, int64_t limit,
                             FunctionRef<int64_t()> next) {
  constexpr int64_t kRowsPerStep = 1024;
  Statement find;
  Statement renumber;
  Status status = connection.Prepare(sql::kAccessesAfter, find);
  if (status.ok()) status = connection.Prepare(sql::kRenumberAccess, renumber);
  if (!status.ok()) return status;
  std::vector<int64_t> hashes;
  do {
    hashes.clear();
    Run found(find);
    found.Bind(1, limit).Bind(2, kRowsPerStep);
    int rc = SQLITE_DONE;
    while ((rc = found.Step()) == SQLITE_ROW) hashes.push_back(found.Int(0));
    if (rc != SQLITE_DONE) return connection.Failure(rc, kCorrect);
    for (const int64_t h : hashes) {
      rc = Run(renumber).Bind(1, h).Bind(2, next()).Step();
      if (rc != SQLITE_DONE) return connection.Failure(rc, kCorrect);
      // Otherwise the index would offer the row for ever.
      if (sqlite3_changes(connection.get()) == 0) {
        return connection.Failure(SQLITE_CORRUPT, kCorrect);
      }
    }
  } while (static_cast<int64_t>(hashes.size()) == kRowsPerStep);
  return Status();
}

Status MoveTimesBack(const Connection& connection, int64_t microseconds) {
  Status status =
      RunBound(connection, sql::kShiftExpiryTimes, microseconds / 1000);
  if (!status.ok()) return status;
  return RunBound(connection, sql::kShiftAccesses, microseconds);
}

}  // namespace appcache::store
