#include "tools/command/cache_worker.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/key_path.h"
#include "appcache/traits.h"
#include "engine/support/side_file.h"
#include "tools/command/fd.h"
#include "tools/command/location.h"
#include "tools/command/run_lock.h"
#include "tools/command/run_record.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;

// A record that is newer than this clock by more than this is not replayed: a
// clock was set back, and the age of the record is not known.
constexpr milliseconds kClockTolerance = std::chrono::minutes(5);

// Output may be confidential.
mode_t ModeOf(const ExecOptions& options) {
  return options.mode.value_or(S_IRUSR | S_IWUSR);
}

milliseconds Now() {
  return std::chrono::duration_cast<milliseconds>(
      Clock::Wall()->Now().time_since_epoch());
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
  Status usable = PrepareUserCacheDirectory(*directory);
  if (!usable.ok()) return usable;
  return *directory + RunLock::FileName(traits.name + " " + traits.location);
}

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

// The files of the cache that this process may create. Empty for a server.
std::vector<std::string> FilesOf(const CacheFlags& flags) {
  Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok()) return {};
  const internal::Uri& storage = StorageOf(*location);
  if (!IsInFile(storage)) return {};
  if (storage.scheme == "lmdb") {
    return {FileOf(storage), storage.path + "/lock.mdb"};
  }
  return {FileOf(storage), storage.path + "-wal", storage.path + "-shm",
          storage.path + "-lane"};
}

// Gives the files of a new cache the mode of a shared one. SQLite and LMDB
// create them with fewer permissions, whatever the umask.
void Share(const std::vector<std::string>& files, mode_t mode) {
  for (const std::string& file : files) {
    // Some do not exist. Of another error, the other users will hear.
    if (chmod(file.c_str(), mode) != 0) continue;
  }
}

class Worker {
 public:
  Worker(const ExecOptions& options, const RunName& run, int record,
         MessageChannel& channel)
      : options_(options), run_(run), record_(record), channel_(channel) {}

  void Work() {
    if (!Open()) return;
    if (Replay()) ExitAtOnce();
    if (!refused_.ok()) {
      Send(WorkerMessage::kUnusable, refused_.message());
      return;
    }
    bool waited = false;
    std::optional<RunLock> lock = Lock(waited);
    // The process that held the lock has probably stored the run.
    if (Replay()) {
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
  [[noreturn]] static void ExitAtOnce() { _exit(0); }

  void Send(WorkerMessage kind, std::string_view text = {}) {
    channel_.Send(static_cast<char>(kind), text);
  }

  // For an error that both lookups, before and after the lock, may report.
  void WarnOnce(std::string_view message) {
    if (!warned_) Send(WorkerMessage::kWarning, message);
    warned_ = true;
  }

  bool Open() {
    CacheFlags flags = options_.cache;
    flags.log = [this](LogLevel level, std::string_view message) {
      if (level != LogLevel::kInfo) Send(WorkerMessage::kWarning, message);
    };
    const std::vector<std::string> files = FilesOf(flags);
    struct stat info;
    const bool is_new =
        !files.empty() && lstat(files.front().c_str(), &info) != 0;
    if (!files.empty() && !options_.mode) {
      const Status trusted = CheckTrusted(files.front(), geteuid());
      if (!trusted.ok()) {
        Send(WorkerMessage::kUnusable, trusted.message());
        return false;
      }
    }
    auto cache = OpenCache(flags, IfMissing::kCreate);
    if (IsWriteRefused(cache.status())) {
      refused_ = cache.status();
      cache = OpenCacheToRead(flags);
    }
    if (!cache.ok()) {
      // kInvalidArgument is an error in the command line, not a failure of the
      // cache.
      Send(cache.status().Is(ErrorCode::kInvalidArgument)
               ? WorkerMessage::kRefused
               : WorkerMessage::kUnusable,
           cache.status().message());
      return false;
    }
    cache_ = *std::move(cache);
    if (is_new && options_.mode) Share(files, *options_.mode);
    path_.Segment(cache_->prefix()).Segment("exec").Segment(run_.key);
    return true;
  }

  // Sends the recorded run. False when there is no usable record.
  bool Replay() {
    if (options_.refresh) return false;
    const Lookup<Bytes> found = cache_->backend()->GetRaw(path_.view());
    if (found.has_error()) WarnOnce(found.error().message);
    if (!found) return false;
    const Result<Run> run = DecodeRun(found->view());
    if (!run.ok()) {
      WarnOnce("running the command again: " + run.error().message);
      return false;
    }
    if (!IsWanted(*run)) return false;
    for (const Run::Chunk& chunk : run->chunks) SendOutput(chunk);
    const char status = static_cast<char>(run->exit_status);
    Send(WorkerMessage::kReplayed, {&status, 1});
    return true;
  }

  bool IsWanted(const Run& run) const {
    if (run.identity != run_.identity) return false;  // a hash collision
    if (run.exit_status != 0 && !options_.cache_failures) return false;
    if (options_.ttl == kNoTtl) return true;
    const milliseconds age = Now() - milliseconds(run.recorded_at_ms);
    return age < options_.ttl && age > -kClockTolerance;
  }

  void SendOutput(const Run::Chunk& chunk) {
    const auto kind = chunk.stream == Stream::kOut ? WorkerMessage::kOut
                                                   : WorkerMessage::kError;
    std::string_view rest = chunk.bytes;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, MessageChannel::kMaxText);
      Send(kind, part);
      rest.remove_prefix(part.size());
    }
  }

  // Waits for the processes that run this command, for at most --wait. Returns
  // no lock, after a warning, when locking fails: to run a command twice is
  // better than not to run it.
  std::optional<RunLock> Lock(bool& waited) {
    const Result<std::string> path =
        LockPath(options_.cache, cache_->backend()->Traits());
    if (!path.ok()) {
      WarnOnce(path.error().message);
      return std::nullopt;
    }
    auto lock =
        RunLock::Acquire(*path, run_.key, ModeOf(options_), options_.wait, [&] {
          waited = true;
          Send(WorkerMessage::kWaiting);
        });
    if (lock.ok()) {
      ShareLock(*path);
      return *std::move(lock);
    }
    WarnOnce(lock.error().message);
    return std::nullopt;
  }

  void Update(WorkerRequest request) {
    Status status;
    if (request == WorkerRequest::kForget) {
      status = cache_->backend()->InvalidateRaw(path_.view());
    } else {
      status = Store();
    }
    if (!status.ok()) {
      Send(WorkerMessage::kWarning,
           "the run is not cached: " + status.message());
    }
    Send(WorkerMessage::kStored);
  }

  Status Store() {
    const Result<MappedFile> record = MappedFile::Map(record_);
    if (!record.ok()) return record.status();
    return cache_->backend()->SetRaw(path_.view(), record->view(),
                                     options_.ttl);
  }

  // The users of a cache in a file wait for each other, also where it belongs
  // to another group than this process.
  void ShareLock(const std::string& path) const {
    const std::vector<std::string> files = FilesOf(options_.cache);
    if (files.empty()) return;
    internal::FileAccess access = internal::FileAccess::Of(files.front());
    access.mode = ModeOf(options_);
    internal::GiveAccessAt(path, access);
  }

  const ExecOptions& options_;
  const RunName& run_;
  const int record_;
  MessageChannel& channel_;
  std::unique_ptr<Cache> cache_;
  Status refused_;  // why this user may not write to the cache
  KeyPath path_;
  bool warned_ = false;
};

}  // namespace

void WorkOnCache(const ExecOptions& options, const RunName& run, int record,
                 MessageChannel& channel) {
  const int error = LeaveStandardStreams();
  if (error != 0) {
    channel.Send(static_cast<char>(WorkerMessage::kUnusable),
                 SystemFailure("open", "/dev/null", error).message());
    return;
  }
  // A crash is reported by exec, and needs no core file.
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  setrlimit(RLIMIT_CORE, &no_core);
  // Who may read a directory may also search it.
  const mode_t mode = ModeOf(options);
  umask(~(mode | (mode & 0444) >> 2) & 0777);
  Worker(options, run, record, channel).Work();
}

}  // namespace appcache::command
