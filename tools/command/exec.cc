#include "tools/command/exec.h"

#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/key_path.h"
#include "appcache/traits.h"
#include "tools/command/child.h"
#include "tools/command/fd.h"
#include "tools/command/location.h"
#include "tools/command/report.h"
#include "tools/command/run_command.h"
#include "tools/command/run_lock.h"
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

// The lock file for the runs of this cache. It is next to a cache in a file,
// otherwise in the user's cache directory, which is created. Different
// spellings of the path of a cache give the same lock file.
Result<std::string> LockPath(const CacheFlags& flags,
                             const BackendTraits& traits) {
  const Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  if (IsInFile(*location)) return traits.location + "-exec";
  const Result<std::string> directory = DefaultCacheDirectory();
  if (!directory.ok()) return directory.status();
  std::string path =
      *directory + RunLock::FileName(traits.name + " " + traits.location);
  Status created = CreatePrivateDirectories(path);
  if (!created.ok()) return created;
  return path;
}

int ExecuteUncached(const std::vector<std::string>& command) {
  const int error = Execute(command);
  FailUsage(CannotExecuteMessage(command.front(), error));
  return CannotExecuteStatus(error);
}

// One run of exec with an open cache.
class CachedRun {
 public:
  CachedRun(const ExecOptions& options, std::string identity,
            std::string run_key, Cache& cache, SignalBlocker& signals)
      : options_(options),
        identity_(std::move(identity)),
        run_key_(std::move(run_key)),
        backend_(*cache.backend()),
        signals_(signals) {
    path_.Segment(cache.prefix()).Segment("exec").Segment(run_key_);
  }

  // Returns the exit status of the command, or exits with it after a replay.
  int Execute() {
    if (const auto status = Replay()) ExitAtOnce(*status);
    const std::optional<RunLock> lock = AcquireLock();
    // The process that held the lock has probably stored the run.
    if (const auto status = Replay()) ExitAtOnce(*status);
    Recording recording(options_.max_output);
    const RunResult result = RunCommand(options_.command, signals_, recording);
    Store(result, recording);
    return result.exit_status;
  }

 private:
  // For an error that both lookups, before and after the lock, may report.
  void WarnOnce(std::string_view message) {
    if (!warned_) Warn(message);
    warned_ = true;
  }

  // Writes the recorded output and returns the recorded exit status. Returns
  // nothing when there is no usable record.
  std::optional<int> Replay() {
    if (options_.refresh) return std::nullopt;
    const Lookup<Bytes> found = backend_.GetRaw(path_.view());
    if (found.has_error()) WarnOnce(found.error().message);
    if (!found) return std::nullopt;
    const Result<Run> run = DecodeRun(found->view());
    if (!run.ok()) {
      WarnOnce("running the command again: " + run.error().message);
      return std::nullopt;
    }
    if (run->identity != identity_) return std::nullopt;  // a hash collision
    signals_.Unblock();
    for (const Run::Chunk& chunk : run->chunks) {
      const bool to_out = chunk.stream == Stream::kOut;
      const int error =
          WriteAll(to_out ? STDOUT_FILENO : STDERR_FILENO, chunk.bytes);
      if (error == 0) continue;
      const char* const name = to_out ? "standard output" : "standard error";
      if (error != EPIPE) {
        Warn(SystemFailure("write to", name, error).message());
      }
      break;
    }
    return run->exit_status;
  }

  // Exits without closing the cache. Closing it would record the access and
  // sync the disk several times: on a busy machine a replay took 21 ms instead
  // of 5 ms. Therefore a replay does not count as an access, and runs are
  // evicted in the order in which they were recorded.
  [[noreturn]] static void ExitAtOnce(int status) { std::_Exit(status); }

  // Waits for the processes that run this command. Returns nothing, after a
  // warning, when locking fails: to run a command twice is better than not to
  // run it.
  std::optional<RunLock> AcquireLock() {
    const Result<std::string> path =
        LockPath(options_.cache, backend_.Traits());
    if (!path.ok()) {
      Warn(path.error().message);
      return std::nullopt;
    }
    signals_.Unblock();
    Result<RunLock> lock = RunLock::Acquire(*path, run_key_);
    signals_.Block();
    if (lock.ok()) return *std::move(lock);
    Warn(lock.error().message);
    return std::nullopt;
  }

  void Store(const RunResult& result, const Recording& recording) {
    if (!result.is_complete) return;
    if (result.exit_status != 0 && !options_.cache_failures) return;
    Status status;
    if (recording.overflowed()) {
      Warn("the output is not cached: it exceeds --max-output");
      // The record of an earlier run is out of date now.
      status = backend_.InvalidateRaw(path_.view());
    } else {
      status = backend_.SetRaw(
          path_.view(), EncodeRun(identity_, result.exit_status, recording),
          options_.ttl);
    }
    if (!status.ok()) Warn("the run is not cached: " + status.message());
  }

  const ExecOptions& options_;
  const std::string identity_;
  const std::string run_key_;
  Backend& backend_;
  SignalBlocker& signals_;
  KeyPath path_;
  bool warned_ = false;
};

}  // namespace

int Exec(ExecOptions options) {
  assert(!options.command.empty());
  options.cache.default_max_entries = kMaxEntries;
  options.cache.default_max_bytes = kMaxBytes;
  Result<std::string> identity = RunIdentity(options.command, options.scopes);
  if (!identity.ok()) {
    WarnUncached(identity.status());
    return ExecuteUncached(options.command);
  }
  std::string run_key = RunKey(*identity);
  if (!AddActiveRun(run_key)) {
    Warn("running without the cache: the command runs itself through exec");
    return ExecuteUncached(options.command);
  }
  {
    SignalBlocker signals;  // before the cache, which may start threads
    const auto cache = OpenCache(options.cache, IfMissing::kCreate);
    if (cache.ok()) {
      return CachedRun(options, *std::move(identity), std::move(run_key),
                       **cache, signals)
          .Execute();
    }
    // An error in the command line, not a failure of the cache.
    if (cache.status().Is(ErrorCode::kInvalidArgument)) {
      return Fail(cache.status());
    }
    WarnUncached(cache.status());
  }
  return ExecuteUncached(options.command);
}

}  // namespace appcache::command
