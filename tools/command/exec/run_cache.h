// RunCache: the record of one run in a cache, and the lock of the run.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_RUN_CACHE_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_RUN_CACHE_H_

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/log.h"
#include "tools/command/exec/exec.h"
#include "tools/command/exec/run_age.h"
#include "tools/command/exec/run_lock.h"

namespace appcache::command {

// What identifies a run.
struct RunName {
  std::string identity;
  std::string key;  // RunKey(identity)
};

// The key path of the record of a run.
std::string RunPath(const Cache& cache, std::string_view run_key);
// The key path of the mark of a refresh, for that of the record.
std::string MarkPath(const std::string& run_path);

// RunLock::Acquire for a run, on the lock file of the cache that was opened
// with `flags`. Without `mode`, the lock file gets the permissions of the
// cache.
Result<std::optional<RunLock>> LockRun(const CacheFlags& flags,
                                       const Cache& cache,
                                       const std::string& run_key,
                                       std::optional<mode_t> mode,
                                       std::chrono::milliseconds max_wait,
                                       const std::function<void()>& on_wait);

// The permissions of the files that exec creates. Output may be confidential.
mode_t ModeOf(const ExecOptions& options);

class RunCache {
 public:
  // Opens the cache, and creates it if it is missing. `log` gets the messages
  // of the cache. Errors: those of OpenCache; kUnavailable when another user
  // could have written the records, and no --mode is given. The arguments must
  // outlive the result.
  static Result<RunCache> Open(const ExecOptions& options, const RunName& run,
                               LogSink log);

  // Opens the cache to look the run up, if it is a SQLite file: that is faster,
  // because it waits for no lock and prepares no writes. None when the cache is
  // not a SQLite file that exists, or cannot be opened; Open then says why.
  static std::optional<RunCache> OpenToRead(const ExecOptions& options,
                                            const RunName& run);

  // Why this user may only read the cache; success if that is not so.
  const Status& write_refused() const noexcept { return write_refused_; }

  // Looks the run up. Replaces the content of the file `record` by its record;
  // empties the file if it is kExpired. That is also the result when there is
  // no record, or none that the options allow to replay; `problem` is then set
  // to an error of the cache or of the record, if there was one.
  RunAge Find(int record, Status& problem);
  // The age alone; an error is kExpired.
  RunAge Look();

  // Stores the record that is in the file.
  Status Store(int record);
  // Removes the record.
  Status Forget();

  // A mark in the cache: a process has tried to refresh the run. It expires
  // after RetryInterval. Without it, a refresh that fails would be repeated by
  // every call.
  bool IsMarked();
  Status Mark();

  // LockRun for this run.
  Result<std::optional<RunLock>> Lock(std::chrono::milliseconds max_wait,
                                      const std::function<void()>& on_wait);

 private:
  RunCache(const ExecOptions& options, const RunName& run,
           std::unique_ptr<Cache> cache, Status write_refused);
  bool MayReplay(const Run& run) const;

  const ExecOptions* options_;
  const RunName* run_;
  std::unique_ptr<Cache> cache_;
  Status write_refused_;
  std::string path_;
  std::string mark_path_;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_RUN_CACHE_H_
