#include "tools/command/exec.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/key_path.h"
#include "tools/command/child.h"
#include "tools/command/fd.h"
#include "tools/command/location.h"
#include "tools/command/report.h"
#include "tools/command/run_command.h"
#include "tools/command/run_lock.h"
#include "tools/command/run_record.h"
#include "tools/command/signal_gate.h"

namespace appcache::command {
namespace {

// So that one user's runs do not fill the disk if nothing else is said.
constexpr uint64_t kMaxEntries = 10'000;
constexpr uint64_t kMaxBytes = uint64_t{1} << 30;

// The keys of the runs that this process is part of, each with a colon after
// it.
constexpr const char* kActiveRuns = "APPCACHE_EXEC_RUNS";

void WarnUncached(const Status& status) {
  Warn("running without the cache: " + status.error().message);
}

// Adds the run to those that what we start is part of. False if it is in there
// already: the command has come to run itself, and would wait for itself.
bool EnterRun(const std::string& run_key) {
  const char* const active = std::getenv(kActiveRuns);
  std::string runs(active == nullptr ? "" : active);
  if (runs.find(run_key) != std::string::npos) return false;
  runs.append(run_key).append(":");
  setenv(kActiveRuns, runs.c_str(), 1);
  return true;
}

// The file with the locks of the runs of this cache: beside it if it is in a
// file, or else in the user's own directory, which is made. One, however the
// path of the cache is spelt.
Result<std::string> LockPath(const CacheFlags& flags, const Cache& cache) {
  const Result<Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  const BackendTraits traits = cache.Traits();
  if (IsInFile(*location)) return traits.location + "-exec";
  const Result<std::string> directory = OwnDirectory();
  if (!directory.ok()) return directory.status();
  std::string path =
      *directory + RunLock::FileName(traits.name + " " + traits.location);
  if (Status made = MakePrivateDirectory(path); !made.ok()) return made;
  return path;
}

int ExecuteUncached(const std::vector<std::string>& command) {
  const int error = Execute(command);
  FailUsage(CannotExecuteMessage(command.front(), error));
  return CannotExecuteStatus(error);
}

// One exec, from the open cache on.
class CachedRun {
 public:
  CachedRun(const ExecOptions& options, std::string identity,
            std::string run_key, Cache& cache, SignalGate& gate)
      : options_(options),
        identity_(std::move(identity)),
        run_key_(std::move(run_key)),
        cache_(cache),
        gate_(gate) {
    path_.Segment(cache.prefix()).Segment("exec").Segment(run_key_);
  }

  int Do() {
    if (const auto status = Replay()) Leave(*status);
    const std::optional<RunLock> lock = WaitForOthers();
    // Whoever held the lock has most likely stored it.
    if (const auto status = Replay()) Leave(*status);
    Recording recording(options_.max_output);
    const RunResult result = RunCommand(options_.command, gate_, recording);
    Keep(result, recording);
    return result.exit_status;
  }

 private:
  // Of what may be met twice: before and after waiting for others.
  void WarnOnce(std::string_view message) {
    if (!warned_) Warn(message);
    warned_ = true;
  }

  // Writes what is recorded. None: there is no record to be used.
  std::optional<int> Replay() {
    if (options_.refresh) return std::nullopt;
    const Lookup<Bytes> found = cache_.GetRaw(path_.view());
    if (found.has_error()) WarnOnce(found.error().message);
    if (!found) return std::nullopt;
    const Result<Run> run = DecodeRun(found->view());
    if (!run.ok()) {
      WarnOnce("running the command again: " + run.error().message);
      return std::nullopt;
    }
    if (run->identity != identity_) return std::nullopt;  // hashes collide
    gate_.Open();
    for (const Run::Chunk& chunk : run->chunks) {
      const bool to_out = chunk.stream == Stream::kOut;
      const int error =
          WriteAll(to_out ? STDOUT_FILENO : STDERR_FILENO, chunk.bytes);
      if (error == 0) continue;
      const char* const name = to_out ? "standard output" : "standard error";
      if (error != EPIPE)
        Warn(FileFailure("write to", name, error).error().message);
      break;
    }
    return run->exit_status;
  }

  // Ends the process without closing the cache, which would write down the use
  // of the entry and wait for the disk several times: on a busy machine a
  // replay then took 21 ms instead of 5. The price is that a replay is no use:
  // the runs that were recorded first are evicted first.
  [[noreturn]] static void Leave(int status) { std::_Exit(status); }

  // Holds up everybody else who wants this run, once those before are done.
  // None if that is not possible: better run a command twice than not at all.
  std::optional<RunLock> WaitForOthers() {
    const Result<std::string> path = LockPath(options_.cache, cache_);
    if (!path.ok()) {
      Warn(path.error().message);
      return std::nullopt;
    }
    gate_.Open();
    Result<RunLock> lock = RunLock::Acquire(*path, run_key_);
    gate_.Close();
    if (lock.ok()) return *std::move(lock);
    Warn(lock.error().message);
    return std::nullopt;
  }

  void Keep(const RunResult& result, const Recording& recording) {
    if (!result.is_whole) return;
    if (result.exit_status != 0 && !options_.cache_failures) return;
    Status status;
    if (recording.overflowed()) {
      Warn("the output is not cached: it is larger than --max-output");
      // What an earlier run left is out of date now.
      status = cache_.InvalidateRaw(path_.view());
    } else {
      status = cache_.SetRaw(
          path_.view(), EncodeRun(identity_, result.exit_status, recording),
          options_.ttl);
    }
    if (!status.ok()) Warn("the run is not cached: " + status.error().message);
  }

  const ExecOptions& options_;
  const std::string identity_;
  const std::string run_key_;
  Cache& cache_;
  SignalGate& gate_;
  KeyPath path_;
  bool warned_ = false;
};

}  // namespace

int Exec(ExecOptions options) {
  options.cache.default_max_entries = kMaxEntries;
  options.cache.default_max_bytes = kMaxBytes;
  Result<std::string> identity = RunIdentity(options.command, options.scopes);
  if (!identity.ok()) {
    WarnUncached(identity.status());
    return ExecuteUncached(options.command);
  }
  std::string run_key = RunKey(*identity);
  if (!EnterRun(run_key)) {
    Warn("running without the cache: the command has come to run itself");
    return ExecuteUncached(options.command);
  }
  {
    SignalGate gate;  // before the cache, which may start threads
    const auto cache = OpenCache(options.cache, IfMissing::kMake);
    if (cache.ok()) {
      return CachedRun(options, *std::move(identity), std::move(run_key),
                       **cache, gate)
          .Do();
    }
    // What was typed is wrong, not the cache.
    if (cache.status().Is(ErrorCode::kInvalidArgument)) {
      return Fail(cache.status());
    }
    WarnUncached(cache.status());
  }
  return ExecuteUncached(options.command);
}

}  // namespace appcache::command
