// LruEngine::Check, CheckAndFix and CheckRows.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/lru/clock_shift.h"
#include "engine/lru/hash.h"
#include "engine/lru/lru_engine.h"
#include "engine/store/audit.h"
#include "engine/store/schema.h"

namespace appcache::lru {
namespace {

void Report(CheckReport& report, std::string problem) {
  if (report.problems.size() < CheckReport::kMaxProblems) {
    report.problems.push_back(std::move(problem));
  }
}

// The problem of an entry; null when it has none.
const char* ProblemOf(const store::AuditedEntry& entry, int64_t seed) {
  if (!entry.has_types) return " has a column of another type";
  constexpr ClockShift kNone;  // limits times to those that can be restored
  if (kNone.Tick(entry.last_used) != entry.last_used ||
      kNone.Expiry(entry.expires_at_ms) != entry.expires_at_ms) {
    return " has a time before 1970 or after 9999";
  }
  if (!entry.bytes_in_usage) return " has no row in usage";
  if (*entry.bytes_in_usage != entry.bytes) {
    return " has a different size in usage";
  }
  if (HashPath(entry.key, seed) != entry.h) {
    return " is not under the hash of its key";
  }
  if (!entry.is_intact) return " has a wrong checksum";
  return nullptr;
}

// Counts and visits the sound entries, and adds the others to `remove`.
Status AuditRows(
    const store::Connection& connection, int64_t seed,
    FunctionRef<void(const store::AuditedEntry&, CheckReport&)> visit,
    CheckReport& report, std::vector<int64_t>& remove) {
  Status status =
      store::AuditEntries(connection, [&](const store::AuditedEntry& entry) {
        const char* const problem = ProblemOf(entry, seed);
        if (problem == nullptr) {
          ++report.entries;
          report.bytes += static_cast<uint64_t>(entry.bytes);
          visit(entry, report);
          return;
        }
        remove.push_back(entry.h);
        Report(report, "entry " + std::to_string(entry.h) + problem);
      });
  if (!status.ok()) return status;
  return store::AuditUsage(connection, [&](int64_t h) {
    remove.push_back(h);
    Report(report, "usage row " + std::to_string(h) + " belongs to no entry");
  });
}

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
  const Result<bool> sound =
      store::AuditPages(connection, [&](std::string_view line) {
        Report(report, "SQLite: " + std::string(line));
      });
  if (!sound.ok()) return Noted(sound.status());
  if (!*sound) {
    database_->MarkSuspect();
    if (!fix) return report;
    status = RepairPages(connection, report.problems.front());
    if (!status.ok()) return Noted(std::move(status));
  }
  status = AuditRows(connection, database_->hash_seed(), visit, report, remove);
  if (!status.ok()) return Noted(std::move(status));
  const policy::Counts found{static_cast<int64_t>(report.entries),
                             static_cast<int64_t>(report.bytes)};
  const policy::Counts& stored = writer_.counts();
  if (stored.entries != found.entries || stored.bytes != found.bytes) {
    Report(report, "meta counts " + std::to_string(stored.entries) +
                       " entries of " + std::to_string(stored.bytes) +
                       " bytes; there are " + std::to_string(found.entries) +
                       " of " + std::to_string(found.bytes));
  }
  if (!fix || report.problems.empty()) return report;
  store::WriteBatch batch;
  batch.Reserve(remove.size());
  for (const int64_t h : remove) batch.Remove(h);
  status = transaction.Apply(batch);
  if (status.ok()) {
    writer_.SetCounts(found);
    status = transaction.Commit();
  }
  if (!status.ok()) return Noted(std::move(status));
  database_->ClearSuspect();
  is_suspect_.store(false);
  return report;
}

Result<CheckReport> LruEngine::CheckRows(bool fix, VisitRow visit) {
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
  const Result<Held> held = database_->lane().Enter(settings_.busy_timeout);
  if (!held.ok()) return held.status();
  if (Status usable = CheckUsable(); !usable.ok()) return usable;
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
