#include "tools/command/entries/upkeep.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/command/entries/selection.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"
#include "tools/command/io/progress.h"
#include "tools/command/io/report.h"
#include "tools/command/text/text.h"
#include "tools/command/text/units.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;

// "3 entries (1.5 KiB)".
std::string Amount(uint64_t entries, uint64_t bytes) {
  return std::to_string(entries) + (entries == 1 ? " entry (" : " entries (") +
         FormatSize(bytes) + ")";
}

std::string WhatIsCleared(const CacheStats& stats,
                          const BackendTraits& traits) {
  if (!stats.entries || !stats.bytes) return Escape(traits.cleared);
  return Amount(*stats.entries, *stats.bytes) + ", whatever their prefix";
}

bool Confirm(const std::string& question) {
  WriteAll(STDERR_FILENO, question + " [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void PrintProblems(const CheckReport& report) {
  for (const std::string& problem : report.problems) {
    Print(Escape(problem) + "\n");
  }
  if (report.problems.size() >= CheckReport::kMaxProblems) {
    Print("... and possibly more\n");
  }
}

// `found` has the problems before the repair, `remaining` those after it.
int PrintReport(const CheckOptions& options, const CheckReport& found,
                const CheckReport& remaining) {
  const bool sound = remaining.problems.empty();
  if (options.json) {
    Json problems = Json::array();
    for (const std::string& problem : found.problems) {
      problems.push_back(Escape(problem));
    }
    const int printed = PrintJson(Json{{"entries", remaining.entries},
                                       {"bytes", remaining.bytes},
                                       {"problems", problems},
                                       {"sound", sound}});
    return sound ? printed : kFailure;
  }
  PrintProblems(found);
  const char* verdict = "sound";
  if (!sound) {
    verdict = options.fix ? "some problems remain; delete the file to start "
                            "with an empty cache"
                          : "damaged; run check --fix to repair it";
  } else if (!found.problems.empty()) {
    verdict = "repaired";
  }
  const int printed =
      Print(Amount(remaining.entries, remaining.bytes) + ": " + verdict + "\n");
  return sound ? printed : kFailure;
}

Result<CheckReport> CheckOnce(SqliteCache& cache, bool fix) {
  const ElapsedTime shown("check");
  return fix ? cache.CheckAndFix() : cache.Check();
}

int ClearSelected(const ClearOptions& options, Cache& cache) {
  const Status listed = CheckCanList(options.cache, cache);
  if (!listed.ok()) return Fail(listed);
  const Result<Selection> selection =
      Selection::StartingWith(options.keys, cache, options.key_prefix);
  if (!selection.ok()) return Fail(selection.status());
  const Result<Removal> removed =
      selection->Remove(*cache.backend(), /*is_dry_run=*/false);
  if (!removed.ok()) return Fail(removed.status());
  const int printed =
      options.json ? PrintJson(Json{{"removed", removed->entries}})
                   : Print(std::to_string(removed->entries) + " removed\n");
  return removed->damage.ok() ? printed : Fail(removed->damage);
}

}  // namespace

int Clear(const ClearOptions& options) {
  const auto cache = OpenCache(options.cache, IfMissing::kFail);
  if (!cache.ok()) return Fail(cache.status());
  if (options.key_prefix || options.keys.prefix) {
    return ClearSelected(options, **cache);
  }
  const CacheStats stats = (*cache)->Stats();
  const std::string what = WhatIsCleared(stats, (*cache)->Traits());
  if (!options.yes) {
    if (!isatty(STDIN_FILENO)) {
      return FailUsage("clear would remove " + what +
                       "; pass --yes to confirm");
    }
    if (!Confirm("Remove " + what + "?")) {
      return FailUsage("nothing was removed");
    }
  }
  const Status cleared = (*cache)->Clear();
  if (!cleared.ok()) return Fail(cleared);
  if (!options.json) return Print("removed " + what + "\n");
  return PrintJson(
      Json{{"removed", stats.entries ? Json(*stats.entries) : Json(nullptr)}});
}

int Check(const CheckOptions& options) {
  const auto cache =
      options.fix
          ? OpenSqliteCache(options.cache, IfMissing::kFail, "be repaired")
          : OpenSqliteCacheToRead(options.cache, "be verified");
  if (!cache.ok()) return Fail(cache.status());
  const Result<CheckReport> found = CheckOnce(**cache, options.fix);
  if (!found.ok()) return Fail(found.status());
  if (!options.fix || found->problems.empty()) {
    return PrintReport(options, *found, *found);
  }
  const Result<CheckReport> remaining = CheckOnce(**cache, /*fix=*/false);
  if (!remaining.ok()) return Fail(remaining.status());
  return PrintReport(options, *found, *remaining);
}

}  // namespace appcache::command
