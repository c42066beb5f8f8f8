#include "tools/command/exec/exec.h"

#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/command/exec/cache_client.h"
#include "tools/command/exec/child.h"
#include "tools/command/exec/run_command.h"
#include "tools/command/exec/run_outcome.h"
#include "tools/command/exec/run_record.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/report.h"
#include "tools/command/io/signal_blocker.h"

namespace appcache::command {
namespace {

// The default limits, so that a user's runs do not fill the disk.
constexpr uint64_t kMaxEntries = 10'000;
constexpr uint64_t kMaxBytes = uint64_t{1} << 30;

// The environment variable with the keys of the runs that this process is part
// of, each followed by a colon.
constexpr const char* kActiveRuns = "APPCACHE_EXEC_RUNS";

// Prints why the cache is not used.
void ReportUncached(const ExecOptions& options, const std::string& why) {
  if (options.warm) {
    Fail(Status(ErrorCode::kUnavailable, "cannot warm the cache: " + why));
  } else {
    Warn("running without the cache: " + why);
  }
}

std::string ActiveRuns() {
  const char* const active = std::getenv(kActiveRuns);
  return active == nullptr ? "" : active;
}

// Adds the run to the active runs of the processes started from here. Returns
// false if it is active already: the command runs itself, and would wait for
// its own lock.
bool AddActiveRun(const std::string& run_key) {
  if (IsActiveRun(run_key)) return false;
  std::string runs = ActiveRuns();
  runs.append(run_key).append(":");
  setenv(kActiveRuns, runs.c_str(), 1);
  return true;
}

int ReportCannotExecute(const std::string& program, int error) {
  FailUsage(CannotExecuteMessage(program, error));
  return CannotExecuteStatus(error);
}

int ExecuteUncached(const ExecOptions& options) {
  if (options.warm) return kFailure;
  const std::vector<std::string>& command = options.command;
  return ReportCannotExecute(command.front(), Execute(command));
}

void Store(const ExecOptions& options, const RunResult& result,
           Recording& recording, CacheClient& cache) {
  if (!IsWorthCaching(options, result)) return cache.Close();
  const Status recorded = FinishRecording(options, result, recording);
  if (recorded.ok()) return cache.Update(WorkerRequest::kStore);
  Warn("the output is not cached: " + recorded.message());
  // The record of an earlier run is out of date now.
  cache.Update(WorkerRequest::kForget);
}

// Returns nothing, after a report, when the cache cannot be used.
std::optional<int> ExecCached(const ExecOptions& options, const RunName& run) {
  const auto give_up = [&](const std::string& why) {
    ReportUncached(options, why);
    return std::nullopt;
  };
  SignalBlocker signals;
  const Result<UniqueFd> record = CreateMemoryFile();
  if (!record.ok()) return give_up(record.error().message);
  Result<CacheClient> cache =
      CacheClient::Start(options, run, record->get(), signals);
  if (!cache.ok()) return give_up(cache.error().message);
  const CacheClient::Found found = cache->LookUp();
  if (found.answer == CacheClient::Answer::kDone) return found.exit_status;
  if (found.answer == CacheClient::Answer::kFailed) return give_up(found.why);
  Result<Recording> recording =
      Recording::Create(record->get(), run.identity, options.max_output);
  if (!recording.ok()) return give_up(recording.error().message);
  const RunResult result = RunCommand(options.command, signals, *recording);
  if (!result.started.ok()) {
    cache->Close();
    return give_up(result.started.message());
  }
  Store(options, result, *recording, *cache);
  return result.exit_status;
}

// The errno of executing the program of this run, judged by its file; or 0.
int CannotExecuteError(const RunName& run) {
  const std::string program(ParseIdentity(run.identity)->program);
  if (program.empty()) return ENOENT;
  return access(program.c_str(), X_OK) == 0 ? 0 : errno;
}

}  // namespace

bool IsActiveRun(const std::string& run_key) {
  return ActiveRuns().find(run_key) != std::string::npos;
}

int Exec(ExecOptions options) {
  assert(!options.command.empty());
  options.cache.default_max_entries = kMaxEntries;
  options.cache.default_max_bytes = kMaxBytes;
  Result<std::string> identity = RunIdentity(options.command, options.scopes);
  // It may contain a password. RunIdentity may read it.
  if (!options.pass_cache) unsetenv(kCacheVariable);
  if (!identity.ok()) {
    ReportUncached(options, identity.error().message);
    return ExecuteUncached(options);
  }
  RunName run{*std::move(identity), std::string()};
  run.key = RunKey(run.identity);
  if (!AddActiveRun(run.key)) {
    ReportUncached(options, "the command runs itself through exec");
    return ExecuteUncached(options);
  }
  // Nobody would hear of it from the process in the background.
  const int error = options.warm ? CannotExecuteError(run) : 0;
  if (error != 0) return ReportCannotExecute(options.command.front(), error);
  if (const auto status = ExecCached(options, run)) return *status;
  return ExecuteUncached(options);
}

}  // namespace appcache::command
