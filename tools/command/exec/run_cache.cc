#include "tools/command/exec/run_cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/key_path.h"
#include "appcache/traits.h"
#include "engine/support/side_file.h"
#include "tools/command/cache/location.h"
#include "tools/command/exec/run_record.h"
#include "tools/command/io/fd.h"

namespace appcache::command {
namespace {

using std::chrono::milliseconds;

milliseconds Now() {
  return std::chrono::duration_cast<milliseconds>(
      Clock::Wall()->Now().time_since_epoch());
}

// The lock file for the runs of a cache, and the key of a run in it.
struct LockName {
  std::string path;
  std::string key;
};

// The lock file is next to a cache in a file. The caches on servers share one
// in the user's cache directory, which is created: with a file for each server,
// those of killed processes would accumulate. Different spellings of the path
// of a cache give the same name.
Result<LockName> LockNameOf(const CacheFlags& flags,
                            const BackendTraits& traits,
                            const std::string& run_key) {
  const Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok()) return location.status();
  if (IsInFile(*location)) return LockName{traits.location + "-exec", run_key};
  const Result<std::string> directory = DefaultCacheDirectory();
  if (!directory.ok()) return directory.status();
  Status usable = PrepareUserCacheDirectory(*directory);
  if (!usable.ok()) return usable;
  return LockName{*directory + "servers-exec",
                  traits.name + " " + traits.location + " " + run_key};
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

// The users of a cache in a file wait for each other, also where it belongs to
// another group than this process.
void ShareLock(const CacheFlags& flags, std::optional<mode_t> mode,
               const std::string& path) {
  const std::vector<std::string> files = FilesOf(flags);
  if (files.empty()) return;
  internal::FileAccess access = internal::FileAccess::Of(files.front());
  if (mode) access.mode = *mode;
  internal::GiveAccessAt(path, access);
}

// An error when another user could have written the records in `files`, the
// first of which is the cache.
Status CheckFiles(const ExecOptions& options,
                  const std::vector<std::string>& files) {
  if (files.empty() || options.mode) return Status();
  return CheckTrusted(files.front(), geteuid());
}

// Empties a file to be written again.
void Empty(int file) {
  if (lseek(file, 0, SEEK_SET) != 0 || ftruncate(file, 0) != 0) return;
}

}  // namespace

std::string RunPath(const Cache& cache, std::string_view run_key) {
  return std::string(
      KeyPath(cache.prefix()).Segment("exec").Segment(run_key).view());
}

std::string MarkPath(const std::string& run_path) {
  return run_path + "/refresh";
}

Result<std::optional<RunLock>> LockRun(const CacheFlags& flags,
                                       const Cache& cache,
                                       const std::string& run_key,
                                       std::optional<mode_t> mode,
                                       milliseconds max_wait,
                                       const std::function<void()>& on_wait) {
  const Result<LockName> name =
      LockNameOf(flags, cache.backend()->Traits(), run_key);
  if (!name.ok()) return name.status();
  auto lock =
      RunLock::Acquire(name->path, name->key, mode.value_or(S_IRUSR | S_IWUSR),
                       max_wait, on_wait);
  if (lock.ok() && *lock) ShareLock(flags, mode, name->path);
  return lock;
}

mode_t ModeOf(const ExecOptions& options) {
  return options.mode.value_or(S_IRUSR | S_IWUSR);
}

Result<RunCache> RunCache::Open(const ExecOptions& options, const RunName& run,
                                LogSink log) {
  CacheFlags flags = options.cache;
  flags.log = std::move(log);
  const std::vector<std::string> files = FilesOf(flags);
  struct stat info;
  const bool is_new =
      !files.empty() && lstat(files.front().c_str(), &info) != 0;
  Status trusted = CheckFiles(options, files);
  if (!trusted.ok()) return trusted;
  auto cache = OpenCache(flags, IfMissing::kCreate);
  Status refused;
  if (IsWriteRefused(cache.status())) {
    refused = cache.status();
    cache = OpenCacheToRead(flags);
  }
  if (!cache.ok()) return cache.status();
  if (is_new && options.mode) Share(files, *options.mode);
  return RunCache(options, run, *std::move(cache), std::move(refused));
}

std::optional<RunCache> RunCache::OpenToRead(const ExecOptions& options,
                                             const RunName& run) {
  CacheFlags flags = options.cache;
  flags.log = [](LogLevel, std::string_view) {};
  Result<internal::Uri> location = LocationOf(flags);
  if (!location.ok() || location->scheme != "sqlite") return std::nullopt;
  if (access(location->path.c_str(), R_OK) != 0) return std::nullopt;
  if (!CheckFiles(options, {location->path}).ok()) return std::nullopt;
  auto cache = OpenLocationReadOnly(*std::move(location), flags);
  if (!cache.ok()) return std::nullopt;
  return RunCache(options, run, *std::move(cache), Status());
}

RunCache::RunCache(const ExecOptions& options, const RunName& run,
                   std::unique_ptr<Cache> cache, Status write_refused)
    : options_(&options),
      run_(&run),
      cache_(std::move(cache)),
      write_refused_(std::move(write_refused)),
      path_(RunPath(*cache_, run.key)),
      mark_path_(MarkPath(path_)) {}

bool RunCache::MayReplay(const Run& run) const {
  if (run.identity != run_->identity) return false;  // a hash collision
  return run.exit_status == 0 || options_->cache_failures;
}

RunAge RunCache::Find(int record, Status& problem) {
  RunAge age = RunAge::kExpired;
  // The copy of the value in this process is released when the visitor returns.
  const auto copy = [&](std::string_view value) -> Status {
    const Result<Run> run = DecodeRun(value);
    if (!run.ok()) {
      return Status(run.error().code,
                    "running the command again: " + run.error().message);
    }
    if (!MayReplay(*run)) return Status();
    age = AgeOf(*run, options_->lifetime, Now());
    if (age == RunAge::kExpired || record < 0) return Status();
    Empty(record);
    const int error = WriteAll(record, value);
    return error == 0 ? Status() : SystemFailure("copy", "the output", error);
  };
  const Lookup<size_t> found =
      cache_->backend()->ViewRaw(path_, [&](std::string_view value) {
        problem = WithoutExceptions<Status>([&] { return copy(value); });
      });
  if (found.has_error()) problem = found.status();
  if (!problem.ok()) age = RunAge::kExpired;
  // An earlier call may have found a record, which has expired since then.
  if (age == RunAge::kExpired && record >= 0) Empty(record);
  return age;
}

RunAge RunCache::Look() {
  Status problem;
  return Find(-1, problem);
}

Status RunCache::Store(int record) {
  const Result<MappedFile> bytes = MappedFile::Map(record);
  if (!bytes.ok()) return bytes.status();
  return cache_->backend()->SetRaw(path_, bytes->view(),
                                   options_->lifetime.Total());
}

Status RunCache::Forget() { return cache_->backend()->InvalidateRaw(path_); }

bool RunCache::IsMarked() {
  return cache_->backend()->GetRaw(mark_path_).is_hit();
}

Status RunCache::Mark() {
  return cache_->backend()->SetRaw(mark_path_, "1",
                                   RetryInterval(options_->lifetime));
}

Result<std::optional<RunLock>> RunCache::Lock(
    milliseconds max_wait, const std::function<void()>& on_wait) {
  return LockRun(options_->cache, *cache_, run_->key, ModeOf(*options_),
                 max_wait, on_wait);
}

}  // namespace appcache::command
