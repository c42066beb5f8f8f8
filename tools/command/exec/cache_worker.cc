#include "tools/command/exec/cache_worker.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>
#include <utility>

#include "tools/command/exec/background.h"
#include "tools/command/exec/run_command.h"
#include "tools/command/exec/run_lock.h"
#include "tools/command/exec/run_outcome.h"
#include "tools/command/exec/run_record.h"
#include "tools/command/io/exit_status.h"
#include "tools/command/io/fd.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;

// Opens /dev/null as the standard streams: this process must not keep the
// output of exec open. Returns 0 or errno.
int LeaveStandardStreams() {
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.is_open()) return errno;
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (dup2(null.get(), fd) < 0) return errno;
  }
  return 0;
}

// The settings of this process that a command inherits, while it uses the
// cache.
class CacheSettings {
 public:
  explicit CacheSettings(mode_t mode) {
    // A crash is reported by exec, and needs no core file.
    getrlimit(RLIMIT_CORE, &core_);
    const rlimit no_core{.rlim_cur = 0, .rlim_max = core_.rlim_max};
    setrlimit(RLIMIT_CORE, &no_core);
    // Who may read a directory may also search it.
    umask_ = umask(~(mode | (mode & 0444) >> 2) & 0777);
  }

  // Restores those of exec, for a command.
  void Restore() const {
    setrlimit(RLIMIT_CORE, &core_);
    umask(umask_);
  }

 private:
  rlimit core_ = {};
  mode_t umask_ = 0;
};

class Worker {
 public:
  Worker(const ExecOptions& options, const RunName& run, int record,
         SignalBlocker& signals, MessageChannel& channel)
      : options_(options),
        run_(run),
        record_(record),
        signals_(signals),
        channel_(channel),
        settings_(ModeOf(options)) {}

  void Work() {
    if (ReplayByReading()) ExitAtOnce();
    if (!Open()) return;
    if (options_.warm) return Warm();
    if (Replay(nullptr)) ExitAtOnce();
    if (!cache_->write_refused().ok()) {
      Send(WorkerMessage::kUnusable, cache_->write_refused().message());
      return;
    }
    bool waited = false;
    std::optional<RunLock> lock = Lock(options_.wait, waited);
    // The process that held the lock has probably stored the run.
    if (Replay(&lock)) {
      lock.reset();
      ExitAtOnce();
    }
    // It has not, for example because the command failed. The processes that
    // waited run the command at once, not one after the other.
    if (waited) lock.reset();
    Send(WorkerMessage::kMiss);
    const auto request = channel_.Receive();
    if (request) Update(static_cast<WorkerRequest>(request->kind));
  }

 private:
  // Exits without closing the cache. Closing it would record the access and
  // sync the disk several times: on a busy machine a replay took 21 ms instead
  // of 5 ms. Therefore a replay does not count as an access, and runs are
  // evicted in the order in which they were recorded.
  [[noreturn]] static void ExitAtOnce() { _exit(kDone); }

  void Send(WorkerMessage kind, std::string_view text = {}) {
    channel_.Send(static_cast<char>(kind), text);
  }

  // For an error that both lookups, before and after the lock, may report.
  void WarnOnce(std::string_view message) {
    if (!warned_) Send(WorkerMessage::kWarning, message);
    warned_ = true;
  }

  bool Open() {
    auto cache = RunCache::Open(
        options_, run_, [this](LogLevel level, std::string_view message) {
          if (level != LogLevel::kInfo) Send(WorkerMessage::kWarning, message);
        });
    if (!cache.ok()) {
      // kInvalidArgument is an error in the command line, not a failure of the
      // cache.
      Send(cache.status().Is(ErrorCode::kInvalidArgument)
               ? WorkerMessage::kRefused
               : WorkerMessage::kUnusable,
           cache.status().message());
      return false;
    }
    cache_.emplace(*std::move(cache));
    return true;
  }

  // Replay without Open, which takes longer. False also when something is wrong
  // with the cache or with the lock; Open and Replay then report it.
  bool ReplayByReading() {
    if (options_.refresh || options_.warm) return false;
    auto reader = RunCache::OpenToRead(options_, run_);
    if (!reader) return false;
    Status problem;
    const RunAge age = reader->Find(record_, problem);
    if (age == RunAge::kExpired) return false;
    std::optional<RunLock> lock;
    if (age == RunAge::kStale) {
      auto tried = reader->Lock(milliseconds(0), [] {});
      if (!tried.ok()) return false;
      if (*tried) lock.emplace(**std::move(tried));
    }
    if (lock) reader.reset();
    EndLookup(std::move(lock));
    return true;
  }

  // Lets exec replay the recorded run. False when there is none of use. If the
  // run is stale, refreshes it in the background. `held` is the lock of the
  // run, if this process has tried to get it.
  bool Replay(std::optional<RunLock>* held) {
    if (options_.refresh) return false;
    Status problem;
    const RunAge age = cache_->Find(record_, problem);
    if (!problem.ok()) WarnOnce(problem.message());
    if (age == RunAge::kExpired) return false;
    const bool may_refresh =
        age == RunAge::kStale && cache_->write_refused().ok();
    std::optional<RunLock> lock = !may_refresh      ? std::nullopt
                                  : held != nullptr ? std::move(*held)
                                                    : TryLock();
    EndLookup(std::move(lock));
    return true;
  }

  // Lets exec replay the record that is in the file. With the lock of the run,
  // refreshes it in the background.
  void EndLookup(std::optional<RunLock> lock) {
    if (!lock) return Send(WorkerMessage::kReplay);
    GoOnDetached(WorkerMessage::kReplay);
    if (NeedsRefresh()) RunInBackground();
  }

  // Sends the last message, and becomes a process in the background.
  void GoOnDetached(WorkerMessage kind) {
    Detach();
    Send(kind, kDetached);
    // The record in it would use memory while the command runs.
    close(record_);
  }

  // Runs the command in the background unless another process runs it now.
  void Warm() {
    if (!cache_->write_refused().ok()) {
      Send(WorkerMessage::kUnusable, cache_->write_refused().message());
      return;
    }
    std::optional<RunLock> lock = TryLock();
    if (!lock) return Send(WorkerMessage::kWarmed);
    GoOnDetached(WorkerMessage::kWarmed);
    RunInBackground();
  }

  // Waits for the processes that run this command, for at most `max_wait`.
  // Returns no lock, after a warning, when locking fails: to run a command
  // twice is better than not to run it.
  std::optional<RunLock> Lock(milliseconds max_wait, bool& waited) {
    auto lock = cache_->Lock(max_wait, [&] {
      waited = true;
      Send(WorkerMessage::kWaiting);
    });
    if (lock.ok()) return *std::move(lock);
    WarnOnce(lock.error().message);
    return std::nullopt;
  }

  // No lock when another process has it.
  std::optional<RunLock> TryLock() {
    auto lock = cache_->Lock(milliseconds(0), [] {});
    if (lock.ok()) return *std::move(lock);
    WarnOnce(lock.error().message);
    return std::nullopt;
  }

  // Nobody waits for this process any more: what hangs must end by itself.
  milliseconds StoreTime() const {
    return kStoreFactor * options_.cache_timeout;
  }

  // False if another process has refreshed the run since this one has found it,
  // or has tried to a short time ago.
  bool NeedsRefresh() {
    const Deadline deadline(StoreTime());
    if (!cache_ && !Open()) return false;
    if (!cache_->write_refused().ok()) return false;
    if (cache_->Look() != RunAge::kStale || cache_->IsMarked()) return false;
    // The mark also counts if this process is killed while it runs the command.
    return cache_->Mark().ok();
  }

  // Runs the command without input and output, stores its record, and closes
  // the cache. A run that fails leaves an earlier record and a new mark.
  void RunInBackground() {
    const Result<UniqueFd> file = CreateMemoryFile();
    if (!file.ok()) return;
    Result<Recording> recording =
        Recording::Create(file->get(), run_.identity, options_.max_output);
    if (!recording.ok()) return;
    settings_.Restore();
    const RunResult result = RunCommand(options_.command, signals_, *recording);
    const Deadline deadline(StoreTime());
    Status status;  // nobody is left to hear of an error
    if (!IsWorthCaching(options_, result)) {
      status = cache_->Mark();
    } else if (FinishRecording(options_, result, *recording).ok()) {
      status = cache_->Store(file->get());
    } else {
      // The record of an earlier run is out of date now.
      status = cache_->Forget();
    }
    cache_.reset();
  }

  void Update(WorkerRequest request) {
    const Status status = request == WorkerRequest::kForget
                              ? cache_->Forget()
                              : cache_->Store(record_);
    if (!status.ok()) {
      Send(WorkerMessage::kWarning,
           "the run is not cached: " + status.message());
    }
    Send(WorkerMessage::kStored);
  }

  const ExecOptions& options_;
  const RunName& run_;
  const int record_;
  SignalBlocker& signals_;
  MessageChannel& channel_;
  const CacheSettings settings_;
  std::optional<RunCache> cache_;
  bool warned_ = false;
};

}  // namespace

void WorkOnCache(const ExecOptions& options, const RunName& run, int record,
                 SignalBlocker& signals, MessageChannel& channel) {
  const int error = LeaveStandardStreams();
  if (error != 0) {
    channel.Send(static_cast<char>(WorkerMessage::kUnusable),
                 SystemFailure("open", "/dev/null", error).message());
    return;
  }
  Worker(options, run, record, signals, channel).Work();
}

}  // namespace appcache::command
