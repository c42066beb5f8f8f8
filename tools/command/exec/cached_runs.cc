#include "tools/command/exec/cached_runs.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <tuple>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/clock.h"
#include "tools/command/entries/selection.h"
#include "tools/command/exec/exec.h"
#include "tools/command/exec/run_age.h"
#include "tools/command/exec/run_cache.h"
#include "tools/command/exec/run_record.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/report.h"
#include "tools/command/io/screen.h"
#include "tools/command/text/table.h"
#include "tools/command/text/text.h"
#include "tools/command/text/units.h"

namespace appcache::command {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;

milliseconds SinceEpoch(TimePoint time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
}

// What is known of a record. It owns its texts, because the entries are read
// one at a time.
struct CachedRun {
  std::string key;
  std::string identity;
  uint64_t output_bytes = 0;
  int exit_status = 0;
  milliseconds recorded_at{0};
  milliseconds ttl{0};  // 0: none
  std::optional<milliseconds> expires_at;

  bool IsFreshAt(milliseconds now) const {
    return ttl == kNoTtl || now < recorded_at + ttl;
  }
};

CachedRun Describe(const WalkedEntry& entry, const Run& run) {
  CachedRun cached;
  cached.key = entry.path;
  cached.identity = run.identity;
  for (const Run::Chunk& chunk : run.chunks) {
    cached.output_bytes += chunk.bytes.size();
  }
  cached.exit_status = run.exit_status;
  cached.recorded_at = run.recorded_at;
  cached.ttl = run.ttl;
  if (entry.expires_at) cached.expires_at = SinceEpoch(*entry.expires_at);
  return cached;
}

// True for the path of a record, and false for the mark of a refresh.
bool IsRunPath(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) &&
         path.find('/', prefix.size()) == std::string_view::npos;
}

// The most recent first. A walk may visit a record twice.
void SortRuns(std::vector<CachedRun>& runs) {
  const auto order = [](const CachedRun& run) {
    return std::tuple(-run.recorded_at.count(), std::string_view(run.key));
  };
  std::sort(runs.begin(), runs.end(),
            [&](const CachedRun& one, const CachedRun& other) {
              return order(one) < order(other);
            });
  const auto is_same = [](const CachedRun& one, const CachedRun& other) {
    return one.key == other.key;
  };
  runs.erase(std::unique(runs.begin(), runs.end(), is_same), runs.end());
}

Result<std::vector<CachedRun>> ReadRuns(Cache& cache) {
  std::vector<CachedRun> runs;
  const std::string prefix = RunPath(cache, "");
  WalkOptions options;
  options.path_prefix = prefix;
  options.with_values = true;
  Status visited =
      cache.backend()->WalkRaw(options, [&](const WalkedEntry& entry) {
        if (!IsRunPath(entry.path, prefix)) return true;
        const Result<Run> run = DecodeRun(entry.value);
        if (run.ok()) {
          runs.push_back(Describe(entry, *run));
        } else {
          Warn(Quoted(entry.path) + ": " + run.error().message);
        }
        return true;
      });
  if (HasOnlyLeftOutDamaged(visited)) {
    Warn(visited.message());
  } else if (!visited.ok()) {
    return visited;
  }
  SortRuns(runs);
  return runs;
}

// The word as a shell would need it.
std::string ShellWord(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "_-./:=@%+,";
  if (!word.empty() &&
      word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// As in --scope. The value of a variable may be a password, and is not shown.
std::string ScopeText(const IdentityParts::ScopeValue& scope) {
  switch (scope.kind) {
    case Scope::Kind::kDirectory:
      return "cwd:" + std::string(scope.directory);
    case Scope::Kind::kEnvironment:
      return "env:" + std::string(scope.name);
    case Scope::Kind::kFile:
      return "file:" + std::string(scope.name);
    case Scope::Kind::kName:
      break;
  }
  return "name:" + std::string(scope.name);
}

// "ls -l [cwd:/tmp]".
std::string CommandText(const CachedRun& run) {
  const auto parts = ParseIdentity(run.identity);
  if (!parts) return "?";
  std::string text;
  for (const std::string_view word : parts->words) {
    text += (text.empty() ? "" : " ") + ShellWord(word);
  }
  for (const auto& scope : parts->scopes) text += " [" + ScopeText(scope) + "]";
  return Printable(text);
}

std::string TableOf(const std::vector<CachedRun>& runs, milliseconds now) {
  using Align = Table::Align;
  Table table({{"AGE", Align::kRight},
               {"STATE", Align::kLeft},
               {"EXPIRES IN", Align::kRight},
               {"SIZE", Align::kRight},
               {"STATUS", Align::kRight},
               {"COMMAND", Align::kLeft}});
  for (const CachedRun& run : runs) {
    table.AddRow(
        {FormatDuration(now - run.recorded_at),
         run.IsFreshAt(now) ? "fresh" : "stale",
         run.expires_at ? FormatDuration(*run.expires_at - now) : "never",
         FormatSize(run.output_bytes), std::to_string(run.exit_status),
         CommandText(run)});
  }
  return table.Render(isatty(STDOUT_FILENO) ? SizeOfScreen().columns : 0);
}

// Sets report[name] to the words, or report[name + "_base64"] if one of them is
// not UTF-8.
void SetWords(Json& report, const std::string& name,
              const std::vector<std::string>& words) {
  const bool is_text = std::all_of(words.begin(), words.end(), IsUtf8);
  Json list = Json::array();
  for (const std::string& word : words) {
    list.push_back(is_text ? word : Base64(word));
  }
  report[is_text ? name : name + "_base64"] = std::move(list);
}

Json JsonOf(const CachedRun& run, milliseconds now) {
  Json report;
  SetBytes(report, "key", run.key);
  const auto parts = ParseIdentity(run.identity).value_or(IdentityParts());
  SetWords(report, "command", {parts.words.begin(), parts.words.end()});
  SetBytes(report, "program", parts.program);
  std::vector<std::string> scopes;
  for (const auto& scope : parts.scopes) scopes.push_back(ScopeText(scope));
  SetWords(report, "scopes", scopes);
  report["exit_status"] = run.exit_status;
  report["output_bytes"] = run.output_bytes;
  report["recorded_at_ms"] = run.recorded_at.count();
  report["fresh"] = run.IsFreshAt(now);
  report["stale_at_ms"] = run.ttl == kNoTtl
                              ? Json(nullptr)
                              : Json((run.recorded_at + run.ttl).count());
  report["expires_at_ms"] =
      run.expires_at ? Json(run.expires_at->count()) : Json(nullptr);
  return report;
}

// Whether there is a record, even a damaged one.
Result<bool> HasRecord(Backend& backend, const std::string& path) {
  const auto result = [](const auto& found) -> Result<bool> {
    if (found.status().Is(ErrorCode::kCorrupt)) return true;
    if (found.has_error()) return found.status();
    return found.is_hit();
  };
  // Without the value, which may be large.
  if (backend.Traits().supports_ttl_query) return result(backend.TtlRaw(path));
  return result(backend.GetRaw(path));
}

// Removes the record and the mark of a refresh. Returns whether there was a
// record.
Result<bool> RemoveRun(Backend& backend, const std::string& path) {
  Result<bool> found = HasRecord(backend, path);
  if (!found.ok()) return found;
  for (const std::string& one : {path, MarkPath(path)}) {
    Status removed = backend.InvalidateRaw(one);
    if (!removed.ok()) return removed;
  }
  return found;
}

}  // namespace

int ListRuns(const ListRunsOptions& options) {
  const auto cache = OpenCacheToRead(options.cache);
  if (!cache.ok()) return Fail(cache.status());
  const Status listed = CheckCanList(options.cache, **cache);
  if (!listed.ok()) return Fail(listed);
  const auto runs = ReadRuns(**cache);
  if (!runs.ok()) return Fail(runs.status());
  const milliseconds now = SinceEpoch(Clock::Wall()->Now());
  if (!options.json) return Print(TableOf(*runs, now));
  std::string text = "[";
  for (const CachedRun& run : *runs) {
    text += (text.size() > 1 ? ",\n" : "") + JsonText(JsonOf(run, now));
  }
  return Print(text + "]\n");
}

int ForgetRun(const ForgetRunOptions& options) {
  const auto identity = RunIdentity(options.command, options.scopes);
  if (!identity.ok()) return Fail(identity.status());
  const auto cache = OpenCache(options.cache, IfMissing::kFail);
  if (!cache.ok()) return Fail(cache.status());
  const std::string run_key = RunKey(*identity);
  // A command that forgets itself must not wait for its own end.
  const auto lock =
      LockRun(options.cache, **cache, run_key, std::nullopt,
              IsActiveRun(run_key) ? milliseconds(0) : options.wait, [] {
                if (isatty(STDERR_FILENO)) Note(kWaitingForRun);
              });
  if (!lock.ok()) Warn(lock.error().message);
  const Result<bool> removed =
      RemoveRun(*(*cache)->backend(), RunPath(**cache, run_key));
  if (!removed.ok()) return Fail(removed.status());
  if (lock.ok() && !*lock) {
    return Fail(Status(ErrorCode::kUnavailable,
                       "a process still runs the command, and may cache the "
                       "run after it was removed (see --wait)"));
  }
  return *removed ? kDone : kMiss;
}

}  // namespace appcache::command
