#include "engine/store/audit.h"

#include <sqlite3.h>

#include <string>

#include "engine/store/schema.h"
#include "engine/store/statement.h"
#include "engine/store/statements.h"

namespace appcache::store {
namespace {

constexpr int64_t kRowsPerStep = 1000;

// Runs a statement of the form "... WHERE h >= ?1 ORDER BY h LIMIT ?2" in
// steps, and calls `visit(run)` for each row.
template <class Visit>
Status WalkRows(const Connection& connection, const char* sql,
                const Visit& visit) {
  Statement statement;
  Status status = connection.Prepare(sql, statement);
  if (!status.ok()) return status;
  int64_t next = INT64_MIN;
  for (;;) {
    Run run(statement);
    run.Bind(1, next).Bind(2, kRowsPerStep);
    int64_t rows = 0;
    int rc = SQLITE_DONE;
    while ((rc = run.Step()) == SQLITE_ROW) {
      visit(run);
      next = run.Int(0);
      ++rows;
    }
    if (rc != SQLITE_DONE) return connection.Failure(rc, "check");
    if (rows < kRowsPerStep || next == INT64_MAX) return Status();
    ++next;
  }
}

Result<Soundness> RepairInTransaction(const Connection& connection,
                                      bool lacks_index) {
  Result<bool> sound = IsSound(connection);
  if (!sound.ok()) return sound.status();
  if (*sound && !lacks_index) return Soundness::kSound;
  Status rebuilt = RebuildIndexes(connection);
  if (rebuilt.Is(ErrorCode::kCorrupt)) return Soundness::kDamaged;
  if (!rebuilt.ok()) return rebuilt;
  sound = IsSound(connection);
  if (!sound.ok()) return sound.status();
  return *sound ? Soundness::kRepaired : Soundness::kDamaged;
}

}  // namespace

Result<bool> AuditPages(const Connection& connection,
                        const std::function<void(std::string_view)>& report) {
  Statement statement;
  Status status = connection.Prepare("PRAGMA integrity_check(100)", statement);
  if (!status.ok()) return status;
  bool sound = true;
  int rc = SQLITE_DONE;
  while ((rc = statement.Step()) == SQLITE_ROW) {
    const std::string_view line = statement.Blob(0);
    if (line == "ok") continue;
    sound = false;
    report(line);
  }
  if (rc == SQLITE_DONE) return sound;
  if ((rc & 0xff) != SQLITE_CORRUPT) return connection.Failure(rc, "check");
  report(sqlite3_errmsg(connection.get()));
  return false;
}

Result<bool> IsSound(const Connection& connection) {
  const Result<std::string> answer =
      connection.QueryText("PRAGMA integrity_check(1)", "check");
  if (answer.ok()) return *answer == "ok";
  if (answer.status().Is(ErrorCode::kCorrupt)) return false;
  return answer.status();
}

Result<Soundness> CheckAndRepair(const Connection& connection,
                                 bool lacks_index) {
  constexpr char kRepair[] = "repair";
  Status status = connection.Execute("BEGIN IMMEDIATE", kRepair);
  if (status.Is(ErrorCode::kCorrupt)) return Soundness::kDamaged;
  if (!status.ok()) return status;
  Result<Soundness> result = RepairInTransaction(connection, lacks_index);
  if (result.ok() && *result == Soundness::kRepaired) {
    status = connection.Execute("COMMIT", kRepair);
    if (status.ok()) return result;
    result = status;
  }
  // After some errors SQLite has rolled back already.
  if (sqlite3_get_autocommit(connection.get()) == 0) {
    (void)connection.Execute("ROLLBACK", kRepair);
  }
  return result;
}

Result<bool> PagesAreSound(const Connection& connection) {
  const Result<std::string> answer =
      connection.QueryText("PRAGMA quick_check(1)", "check");
  if (answer.ok()) return *answer == "ok";
  if (answer.status().Is(ErrorCode::kCorrupt)) return false;
  return answer.status();
}

Status AuditEntries(const Connection& connection,
                    const std::function<void(const EntrySizes&)>& visit) {
  return WalkRows(connection, sql::kEntrySizesFrom, [&](const Run& run) {
    EntrySizes entry;
    entry.h = run.Int(0);
    entry.key = run.Blob(1);
    entry.bytes = run.Int(2);
    entry.expires_at_ms = run.Int(4);
    entry.last_used = run.Int(5);
    entry.has_types = run.Int(6) != 0;
    if (!run.IsNull(3)) entry.bytes_in_usage = run.Int(3);
    visit(entry);
  });
}

Status AuditUsage(const Connection& connection,
                  const std::function<void(int64_t h)>& visit) {
  return WalkRows(connection, sql::kUsageFrom, [&](const Run& run) {
    if (run.Int(2) == 0) visit(run.Int(0));
  });
}

}  // namespace appcache::store
