// LruEngine::Check, CheckAndFix and CheckRows.

#include <string>
#include <utility>
#include <vector>

#include "engine/lru/check_steps.h"
#include "engine/lru/lru_engine.h"
#include "engine/store/audit.h"
#include "engine/store/schema.h"

namespace appcache::lru {
namespace {

// Rebuilds the indexes within the caller's transaction. kCorrupt if the pages
// are damaged beyond that.
Status RepairPages(const store::Connection& connection,
                   const std::string& first_problem) {
  Status status = store::RebuildIndexes(connection);
  if (!status.ok() && !status.Is(ErrorCode::kCorrupt)) return status;
  if (status.ok()) {
    const Result<bool> sound = store::IsSound(connection);
    if (!sound.ok()) return sound.status();
    if (*sound) return Status();
  }
  return Status(ErrorCode::kCorrupt,
                "the pages of " + connection.name() +
                    " are damaged: " + first_problem +
                    "; close the cache: the next open sets the file aside, "
                    "and starts empty");
}

}  // namespace

Result<CheckReport> LruEngine::CheckLocked(bool fix, VisitRow visit) {
  CheckReport report;
  std::vector<int64_t> remove;
  const store::Connection& connection = database_->writer();
  store::Writer::Transaction transaction(writer_);
  Status status = fix ? transaction.Begin() : transaction.BeginToRead();
  if (!status.ok()) return Noted(std::move(status));
  const Result<bool> sound = CheckPages(connection, report);
  if (!sound.ok()) return Noted(sound.status());
  if (!*sound) {
    database_->MarkSuspect();
    if (!fix) return report;
    status = RepairPages(connection, report.problems.front());
    if (!status.ok()) return Noted(std::move(status));
  }
  const Result<policy::Counts> found =
      CheckRowsAndCounts(connection, database_->hash_seed(), writer_.counts(),
                         visit, report, remove);
  if (!found.ok()) return Noted(found.status());
  if (!fix || report.problems.empty()) return report;
  store::WriteBatch batch;
  batch.Reserve(remove.size());
  for (const int64_t h : remove) batch.Remove(h);
  status = transaction.Apply(batch);
  if (status.ok()) {
    writer_.SetCounts(*found);
    status = transaction.Commit();
  }
  if (!status.ok()) return Noted(std::move(status));
  database_->ClearSuspect();
  is_suspect_.store(false);
  return report;
}

Result<CheckReport> LruEngine::CheckRows(bool fix, VisitRow visit) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  const Result<Held> held = EnterInPlace();
  if (!held.ok()) return held.status();
  held->AssertHolds(database_->lane());
  return CheckLocked(fix, visit);
}

Result<CheckReport> LruEngine::Check() {
  return CheckRows(/*fix=*/false,
                   [](const store::AuditedEntry&, CheckReport&) {});
}

Result<CheckReport> LruEngine::CheckAndFix() {
  return CheckRows(/*fix=*/true,
                   [](const store::AuditedEntry&, CheckReport&) {});
}

}  // namespace appcache::lru
