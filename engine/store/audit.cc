#include "engine/store/audit.h"

#include <sqlite3.h>

#include <string>
#include <vector>

#include "engine/store/checksum.h"
#include "engine/store/schema.h"
#include "engine/store/statement.h"
#include "engine/store/statements.h"
#include "engine/store/write_batch.h"
#include "engine/store/writer.h"

namespace appcache::store {
namespace {

constexpr int64_t kRowsPerStep = 1000;

// Runs a statement of the form "... WHERE h >= ?1 ORDER BY h LIMIT ?2" in
// steps, and calls `visit(run)` for each row.
template <class Visit>
Status WalkRows(const Connection& connection, Statement& statement,
                const Visit& visit) {
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

constexpr Repair kBeyondRepair{.is_damaged = true};

// Removes the entries whose checksum is wrong, and returns their number.
Result<size_t> RemoveDamagedEntries(Connection& connection) {
  std::vector<int64_t> damaged;
  Status status = AuditEntries(connection, [&](const AuditedEntry& entry) {
    if (!entry.is_intact) damaged.push_back(entry.h);
  });
  if (!status.ok()) return status;
  if (damaged.empty()) return size_t{0};
  WriteBatch batch;
  batch.Reserve(damaged.size());
  for (const int64_t h : damaged) batch.Remove(h);
  Writer writer;
  status = writer.Prepare(connection);
  if (!status.ok()) return status;
  Writer::Transaction nested(writer);
  status = nested.Begin();
  if (status.ok()) status = nested.Apply(batch);
  if (status.ok()) status = nested.Commit();
  if (!status.ok()) return status;
  return damaged.size();
}

Result<Repair> RepairInTransaction(Connection& connection, bool lacks_index) {
  Repair repair;
  Result<bool> sound = IsSound(connection);
  if (!sound.ok()) return sound.status();
  if (!*sound || lacks_index) {
    Status rebuilt = RebuildIndexes(connection);
    if (rebuilt.Is(ErrorCode::kCorrupt)) return kBeyondRepair;
    if (!rebuilt.ok()) return rebuilt;
    sound = IsSound(connection);
    if (!sound.ok()) return sound.status();
    if (!*sound) return kBeyondRepair;
    repair.has_rebuilt_indexes = true;
  }
  const Result<bool> lacks_checksums = LacksChecksums(connection);
  if (!lacks_checksums.ok()) return lacks_checksums.status();
  if (*lacks_checksums) return repair;
  const Result<size_t> removed = RemoveDamagedEntries(connection);
  if (removed.status().Is(ErrorCode::kCorrupt)) return kBeyondRepair;
  if (!removed.ok()) return removed.status();
  repair.removed_entries = *removed;
  return repair;
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

Result<Repair> CheckAndRepair(Connection& connection, bool lacks_index) {
  constexpr char kRepair[] = "repair";
  Status status = connection.Execute("BEGIN IMMEDIATE", kRepair);
  if (status.Is(ErrorCode::kCorrupt)) return kBeyondRepair;
  if (!status.ok()) return status;
  Result<Repair> result = RepairInTransaction(connection, lacks_index);
  if (result.ok() &&
      (result->has_rebuilt_indexes || result->removed_entries > 0)) {
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
                    const std::function<void(const AuditedEntry&)>& visit) {
  Statement statement;
  Status status =
      PrepareForAnyBuild(connection, sql::kAuditedEntriesFrom, statement);
  if (!status.ok()) return status;
  return WalkRows(connection, statement, [&](const Run& run) {
    AuditedEntry entry;
    entry.h = run.Int(0);
    entry.key = run.Blob(1);
    const std::string_view value = run.Blob(2);
    entry.bytes = static_cast<int64_t>(entry.key.size() + value.size());
    entry.expires_at_ms = run.Int(4);
    entry.last_used = run.Int(5);
    entry.has_types = run.Int(7) != 0;
    entry.is_intact = IsIntact(run, 6, entry.h, entry.key, value);
    if (!run.IsNull(3)) entry.bytes_in_usage = run.Int(3);
    visit(entry);
  });
}

Status AuditUsage(const Connection& connection,
                  const std::function<void(int64_t h)>& visit) {
  Statement statement;
  Status status = connection.Prepare(sql::kUsageFrom, statement);
  if (!status.ok()) return status;
  return WalkRows(connection, statement, [&](const Run& run) {
    if (run.Int(2) == 0) visit(run.Int(0));
  });
}

}  // namespace appcache::store
