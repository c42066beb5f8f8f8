// LruEngine::Check and CheckAndFix.

#include <sqlite3.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/lru/hash.h"
#include "engine/lru/lru_engine.h"
#include "engine/store/statements.h"

namespace appcache {
namespace {

constexpr int64_t kRowsPerStep = 1000;

void Report(CheckReport& report, std::string problem) {
  if (report.problems.size() < CheckReport::kMaxProblems) {
    report.problems.push_back(std::move(problem));
  }
}

// Walks a statement of the form "... WHERE h >= ?1 ORDER BY h LIMIT ?2" to its
// end, `visit(run)` for each row; `visit` must not write.
template <class Visit>
Status WalkRows(const store::Connection& connection, const char* sql,
                const Visit& visit) {
  store::Statement statement;
  Status status = connection.Prepare(sql, statement);
  if (!status.ok()) return status;
  int64_t next = INT64_MIN;
  for (;;) {
    store::Run run(statement);
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

// SQLite's own check of pages and indexes. False when it finds damage.
Result<bool> CheckPages(const store::Connection& connection,
                        CheckReport& report) {
  store::Statement statement;
  Status status = connection.Prepare("PRAGMA integrity_check(100)", statement);
  if (!status.ok()) return status;
  bool sound = true;
  int rc = SQLITE_DONE;
  while ((rc = statement.Step()) == SQLITE_ROW) {
    const std::string line(statement.Blob(0));
    if (line == "ok") continue;
    sound = false;
    Report(report, "SQLite: " + line);
  }
  if (rc == SQLITE_DONE) return sound;
  if ((rc & 0xff) != SQLITE_CORRUPT) return connection.Failure(rc, "check");
  Report(report, "SQLite: " + std::string(sqlite3_errmsg(connection.get())));
  return false;
}

// What has to change for both tables to agree.
struct Repairs {
  std::vector<int64_t> remove;
};

Status CheckEntries(const store::Connection& connection, int64_t seed,
                    CheckReport& report, Repairs& repairs) {
  return WalkRows(
      connection, store::sql::kEntrySizesFrom, [&](const store::Run& run) {
        const int64_t h = run.Int(0);
        const int64_t size = run.Int(2);
        const bool has_usage = !run.IsNull(3);
        if (has_usage && run.Int(3) == size &&
            HashPath(run.Blob(1), seed) == h) {
          ++report.entries;
          report.bytes += static_cast<uint64_t>(size);
          return;
        }
        repairs.remove.push_back(h);
        Report(report, "entry " + std::to_string(h) +
                           (!has_usage ? " has no row in usage"
                            : run.Int(3) != size
                                ? " has another size than usage says"
                                : " is not under the hash of its key"));
      });
}

Status CheckUsage(const store::Connection& connection, CheckReport& report,
                  Repairs& repairs) {
  return WalkRows(connection, store::sql::kUsageFrom,
                  [&](const store::Run& run) {
                    if (run.Int(2) != 0) return;
                    repairs.remove.push_back(run.Int(0));
                    Report(report, "usage row " + std::to_string(run.Int(0)) +
                                       " belongs to no entry");
                  });
}

}  // namespace

// REQUIRES: the lane is held.
Result<CheckReport> LruEngine::CheckInLane(bool fix) {
  CheckReport report;
  Repairs repairs;
  const store::Connection& connection = database_->writer();
  store::Writer::Transaction transaction(writer_);
  Status status = transaction.Begin();
  if (!status.ok()) return Noted(std::move(status));
  const Result<bool> sound = CheckPages(connection, report);
  if (!sound.ok()) return Noted(sound.status());
  if (!*sound) {
    database_->MarkSuspect();
    if (!fix) return report;
    return Status(ErrorCode::kCorrupt,
                  "the pages of " + database_->name() +
                      " are damaged: " + report.problems.front() +
                      "; the next time it is opened it is set aside, and the "
                      "cache starts empty");
  }
  status = CheckEntries(connection, database_->hash_seed(), report, repairs);
  if (status.ok()) status = CheckUsage(connection, report, repairs);
  if (!status.ok()) return Noted(std::move(status));
  const store::Counts found{static_cast<int64_t>(report.entries),
                            static_cast<int64_t>(report.bytes)};
  const store::Counts& told = writer_.counts();
  if (told.entries != found.entries || told.bytes != found.bytes) {
    Report(report, "meta counts " + std::to_string(told.entries) +
                       " entries of " + std::to_string(told.bytes) +
                       " bytes; there are " + std::to_string(found.entries) +
                       " of " + std::to_string(found.bytes));
  }
  if (!fix || report.problems.empty()) return report;
  for (const int64_t h : repairs.remove) {
    Status removed = writer_.Remove(h);
    if (!removed.ok()) return Noted(std::move(removed));
  }
  writer_.SetCounts(found);
  status = transaction.Commit();
  if (!status.ok()) return Noted(std::move(status));
  return report;
}

Result<CheckReport> LruEngine::CheckWith(bool fix) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  const Result<store::WriterLane::Pass> pass =
      database_->lane().Enter(settings_.busy_timeout);
  if (!pass.ok()) return pass.status();
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  return CheckInLane(fix);
}

Result<CheckReport> LruEngine::Check() { return CheckWith(/*fix=*/false); }

Result<CheckReport> LruEngine::CheckAndFix() { return CheckWith(/*fix=*/true); }

}  // namespace appcache
