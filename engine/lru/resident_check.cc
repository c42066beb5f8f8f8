// ResidentEngine::Check and CheckAndFix: compares the directory with the
// tables.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/lru/resident_engine.h"
#include "engine/lru/resident_limits.h"
#include "engine/support/mutex.h"

namespace appcache::lru {
namespace {

void ReportEntry(CheckReport& report, int64_t h, const char* problem) {
  if (report.problems.size() >= CheckReport::kMaxProblems) return;
  report.problems.push_back("entry " + std::to_string(h) + problem);
}

}  // namespace

Result<CheckReport> ResidentEngine::CheckWith(bool fix) {
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  const internal::LockGuard<FlushTurn> turn(flush_turn_);
  if (is_closed()) return Closed();
  Status flushed = TryFlush(/*with_accesses=*/true);
  if (!flushed.ok()) return WithUnwritten(std::move(flushed));
  // Rows that the directory does not have as they are, and rows that it has.
  std::vector<residency::EntryPtr> rows_to_add;
  std::vector<int64_t> seen;
  Result<CheckReport> report = storage_->CheckRows(
      fix, [&](const store::AuditedEntry& row, CheckReport& found) {
        flush_turn_.AssertHeld();
        seen.push_back(row.h);
        Directory::Access access(directory_, row.h);
        // After a Clear, the next flush removes the rows.
        if (clears_.load(std::memory_order_relaxed) != flushed_clears_) return;
        const Record* const record = access->Find(row.h);
        if (record != nullptr &&
            (record->Is(Record::kDirty) || record->Is(Record::kAbsent) ||
             record->entry()->bytes() == row.bytes)) {
          return;
        }
        ReportEntry(found, row.h, " is not the one in memory");
        const size_t key_size = row.key.size();
        rows_to_add.emplace_back(Entry::NewAway(
            row.h, key_size, static_cast<size_t>(row.bytes) - key_size,
            row.expires_at_ms));
      });
  if (!report.ok()) return report;
  std::sort(seen.begin(), seen.end());
  std::vector<int64_t> missing;
  directory_.ForEach([&](const Record& record) {
    if (record.Is(Record::kDirty) || record.Is(Record::kAbsent)) return;
    const int64_t h = record.entry()->h;
    if (std::binary_search(seen.begin(), seen.end(), h)) return;
    missing.push_back(h);
    ReportEntry(*report, h, " is in memory, but not in the tables");
  });
  if (fix) RebuildFrom(std::move(rows_to_add), missing);
  return report;
}

void ResidentEngine::RebuildFrom(std::vector<residency::EntryPtr> rows,
                                 std::span<const int64_t> missing) {
  const Section section(epochs_, epochs_.ForThisThread());
  const internal::MutexLock guard(evict_mutex_);
  for (residency::EntryPtr& row : rows) {
    Directory::Access access(directory_, row->h);
    access->Reserve(1, row->expires_at_ms != 0);
    Record* const record = access->Find(row->h);
    if (record != nullptr && record->Is(Record::kDirty)) continue;
    access->Grow(Directory::Growth(VisibleEntry(record), *row));
    access->PutClean(std::move(row), ticks_.Next());
  }
  for (const int64_t h : missing) {
    Directory::Access access(directory_, h);
    Record* const record = access->Find(h);
    if (record == nullptr || record->Is(Record::kDirty) ||
        record->Is(Record::kAbsent)) {
      continue;
    }
    if (record->entry()->is_resident) {
      access->Rewrite(*record);
    } else {
      access->Remove(*record);
    }
  }
  EvictToLimits();
  NotePending();
}

Result<CheckReport> ResidentEngine::Check() { return CheckWith(/*fix=*/false); }

Result<CheckReport> ResidentEngine::CheckAndFix() {
  return CheckWith(/*fix=*/true);
}

}  // namespace appcache::lru
