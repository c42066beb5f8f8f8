#include "tools/command/exec.h"

#include <cassert>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <utility>

#include "appcache/clock.h"
#include "tools/command/cache_client.h"
#include "tools/command/child.h"
#include "tools/command/report.h"
#include "tools/command/run_command.h"
#include "tools/command/run_record.h"
#include "tools/command/signal_blocker.h"

namespace appcache::command {
namespace {

// The default limits, so that a user's runs do not fill the disk.
constexpr uint64_t kMaxEntries = 10'000;
constexpr uint64_t kMaxBytes = uint64_t{1} << 30;

// The environment variable with the keys of the runs that this process is part
// of, each followed by a colon.
constexpr const char* kActiveRuns = "APPCACHE_EXEC_RUNS";

void WarnUncached(const Status& status) {
  Warn("running without the cache: " + status.message());
}

// Adds the run to the active runs of the processes started from here. Returns
// false if it is active already: the command runs itself, and would wait for
// its own lock.
bool AddActiveRun(const std::string& run_key) {
  const char* const active = std::getenv(kActiveRuns);
  std::string runs(active == nullptr ? "" : active);
  if (runs.find(run_key) != std::string::npos) return false;
  runs.append(run_key).append(":");
  setenv(kActiveRuns, runs.c_str(), 1);
  return true;
}

int ExecuteUncached(const std::vector<std::string>& command) {
  const int error = Execute(command);
  FailUsage(CannotExecuteMessage(command.front(), error));
  return CannotExecuteStatus(error);
}

bool IsWorthCaching(const ExecOptions& options, const RunResult& result) {
  return result.is_complete &&
         (result.exit_status == 0 || options.cache_failures);
}

void Store(const ExecOptions& options, const RunResult& result,
           Recording& recording, CacheClient& cache) {
  if (!IsWorthCaching(options, result)) return cache.Close();
  Status recorded = recording.status();
  if (recorded.ok()) {
    const auto now = Clock::Wall()->Now().time_since_epoch();
    recorded = recording.Finish(
        result.exit_status,
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  }
  if (recorded.ok()) return cache.Update(WorkerRequest::kStore);
  Warn("the output is not cached: " + recorded.message());
  // The record of an earlier run is out of date now.
  cache.Update(WorkerRequest::kForget);
}

// Returns nothing, after a warning, when the command must be run without the
// cache.
std::optional<int> ExecCached(const ExecOptions& options, const RunName& run) {
  SignalBlocker signals;
  Result<Recording> recording =
      Recording::Create(run.identity, options.max_output);
  if (!recording.ok()) {
    WarnUncached(recording.status());
    return std::nullopt;
  }
  Result<CacheClient> cache =
      CacheClient::Start(options, run, recording->fd(), signals);
  if (!cache.ok()) {
    WarnUncached(cache.status());
    return std::nullopt;
  }
  const CacheClient::Found found = cache->LookUp();
  if (found.answer == CacheClient::Answer::kFailed) return std::nullopt;
  if (found.answer != CacheClient::Answer::kMiss) return found.exit_status;
  const RunResult result = RunCommand(options.command, signals, *recording);
  if (!result.started.ok()) {
    cache->Close();
    WarnUncached(result.started);
    return std::nullopt;
  }
  Store(options, result, *recording, *cache);
  return result.exit_status;
}

}  // namespace

int Exec(ExecOptions options) {
  assert(!options.command.empty());
  options.cache.default_max_entries = kMaxEntries;
  options.cache.default_max_bytes = kMaxBytes;
  Result<std::string> identity = RunIdentity(options.command, options.scopes);
  // It may contain a password. RunIdentity may read it.
  if (!options.pass_cache) unsetenv(kCacheVariable);
  if (!identity.ok()) {
    WarnUncached(identity.status());
    return ExecuteUncached(options.command);
  }
  RunName run{*std::move(identity), std::string()};
  run.key = RunKey(run.identity);
  if (!AddActiveRun(run.key)) {
    Warn("running without the cache: the command runs itself through exec");
    return ExecuteUncached(options.command);
  }
  if (const auto status = ExecCached(options, run)) return *status;
  return ExecuteUncached(options.command);
}

}  // namespace appcache::command
