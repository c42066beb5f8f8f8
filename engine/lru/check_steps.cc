#include "engine/lru/check_steps.h"

#include <string>
#include <string_view>
#include <utility>

#include "engine/lru/clock_shift.h"
#include "engine/lru/hash.h"

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

}  // namespace

Result<bool> CheckPages(const store::Connection& connection,
                        CheckReport& report) {
  return store::AuditPages(connection, [&](std::string_view line) {
    Report(report, "SQLite: " + std::string(line));
  });
}

Result<policy::Counts> CheckRowsAndCounts(
    const store::Connection& connection, int64_t hash_seed,
    const policy::Counts& stored,
    FunctionRef<void(const store::AuditedEntry&, CheckReport&)> visit,
    CheckReport& report, std::vector<int64_t>& remove) {
  Status status = AuditRows(connection, hash_seed, visit, report, remove);
  if (!status.ok()) return status;
  const policy::Counts found{static_cast<int64_t>(report.entries),
                             static_cast<int64_t>(report.bytes)};
  if (stored.entries != found.entries || stored.bytes != found.bytes) {
    Report(report, "meta counts " + std::to_string(stored.entries) +
                       " entries of " + std::to_string(stored.bytes) +
                       " bytes; there are " + std::to_string(found.entries) +
                       " of " + std::to_string(found.bytes));
  }
  return found;
}

}  // namespace appcache::lru
