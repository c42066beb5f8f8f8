#include "tools/command/upkeep.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "tools/command/exit_status.h"
#include "tools/command/fd.h"
#include "tools/command/report.h"
#include "tools/command/text.h"
#include "tools/command/units.h"

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
  if (!stats.entries || !stats.bytes) return traits.cleared;
  return "all of " + Amount(*stats.entries, *stats.bytes) +
         ", whatever their prefix";
}

bool PersonAgrees(const std::string& question) {
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
    Print("... and perhaps more\n");
  }
}

// `found` is what was wrong; `left` is what still is.
int Tell(const CheckOptions& options, const CheckReport& found,
         const CheckReport& left) {
  const bool sound = left.problems.empty();
  if (options.json) {
    Json problems = Json::array();
    for (const std::string& problem : found.problems) {
      problems.push_back(Escape(problem));
    }
    const int printed = PrintJson(Json{{"entries", left.entries},
                                       {"bytes", left.bytes},
                                       {"problems", problems},
                                       {"sound", sound}});
    return sound ? printed : kFailure;
  }
  PrintProblems(found);
  const char* verdict = "sound";
  if (!sound) {
    verdict = options.fix ? "problems remain; remove the file, it is a cache"
                          : "check --fix mends what can be mended";
  } else if (!found.problems.empty()) {
    verdict = "mended";
  }
  const int printed =
      Print(Amount(left.entries, left.bytes) + ": " + verdict + "\n");
  return sound ? printed : kFailure;
}

}  // namespace

int Clear(const ClearOptions& options) {
  const auto cache = OpenCache(options.cache, IfMissing::kFail);
  if (!cache.ok()) return Fail(cache.status());
  const CacheStats stats = (*cache)->Stats();
  const std::string what = WhatIsCleared(stats, (*cache)->Traits());
  if (!options.yes) {
    if (!isatty(STDIN_FILENO)) {
      return FailUsage("clear removes " + what +
                       "; say --yes if that is meant");
    }
    if (!PersonAgrees("Remove " + what + "?")) {
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
      OpenSqliteCache(options.cache, IfMissing::kFail, "be verified");
  if (!cache.ok()) return Fail(cache.status());
  const Result<CheckReport> found =
      options.fix ? (*cache)->CheckAndFix() : (*cache)->Check();
  if (!found.ok()) return Fail(found.status());
  if (!options.fix || found->problems.empty()) {
    return Tell(options, *found, *found);
  }
  const Result<CheckReport> left = (*cache)->Check();
  if (!left.ok()) return Fail(left.status());
  return Tell(options, *found, *left);
}

}  // namespace appcache::command
