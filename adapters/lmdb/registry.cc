#include "adapters/lmdb/registry.h"

#include <cassert>
#include <map>
#include <optional>
#include <utility>

#include "adapters/lmdb/files.h"
#include "engine/lane/writer_lane.h"
#include "engine/support/fork_guard.h"
#include "engine/support/mutex.h"
#include "engine/support/open_database_name.h"
#include "engine/support/process_local.h"

namespace appcache::lmdb {

// Lock order: `lane`, then Directories::mutex.
struct OpenDirectory {
  explicit OpenDirectory(std::string id)
      : id(std::move(id)), lane(this->id, std::nullopt) {}

  const std::string id;
  size_t users = 0;  // guarded by Directories::mutex

  // Held while the environment is opened or closed, which may take long. It is
  // a lock of this process only, unlike Environment::lane().
  internal::WriterLane lane;
  std::optional<internal::OpenDatabaseName> name APPCACHE_GUARDED_BY(lane);
  std::shared_ptr<Environment> environment APPCACHE_GUARDED_BY(lane);
};

namespace {

using std::chrono::milliseconds;

// By the identity of the lock file: an open directory keeps it when it is
// renamed, and a new directory under the same name has another.
using DirectoriesById = std::map<std::string, std::shared_ptr<OpenDirectory>>;

struct Directories {
  internal::Mutex mutex;
  DirectoriesById by_id APPCACHE_GUARDED_BY(mutex);
};

// A forked child must not wait for a mutex that a thread of its parent held,
// nor use the parent's environments.
constinit internal::ProcessLocal<Directories> open_directories;

std::shared_ptr<OpenDirectory> AddUser(const std::string& id) {
  Directories& directories = open_directories.Get();
  internal::MutexLock guard(directories.mutex);
  std::shared_ptr<OpenDirectory>& directory = directories.by_id[id];
  if (directory == nullptr) {
    directory = std::make_shared<OpenDirectory>(id);
  }
  ++directory->users;
  return directory;
}

// Closes the environment when there are no more users.
void RemoveUser(OpenDirectory& directory) noexcept
    APPCACHE_REQUIRES(directory.lane) {
  Directories& directories = open_directories.Get();
  {
    internal::MutexLock guard(directories.mutex);
    assert(directory.users > 0);
    if (--directory.users > 0) return;
  }
  // A new user waits for directory.lane until the environment is closed.
  directory.environment.reset();
  directory.name.reset();
  internal::MutexLock guard(directories.mutex);
  if (directory.users == 0) directories.by_id.erase(directory.id);
}

// For a user that gave up waiting for directory.lane. Returns false, and
// changes nothing, if it is the only user.
bool RemoveUserUnlessLast(OpenDirectory& directory) {
  internal::MutexLock guard(open_directories.Get().mutex);
  assert(directory.users > 0);
  if (directory.users == 1) return false;
  --directory.users;
  return true;
}

internal::WriterLane::Held LockWithoutTimeout(
    OpenDirectory& directory) noexcept {
  Status locked;  // always success: the lane has no lock file
  return directory.lane.EnterToClose(milliseconds(0), locked);
}

Status Busy(const std::string& path, milliseconds waited) {
  return Status(ErrorCode::kBusy,
                "waited " + std::to_string(waited.count()) +
                    " ms to open the LMDB cache " + path +
                    ", which another thread of this process is opening; try "
                    "again, or raise busy_timeout");
}

Status EnsureOpen(OpenDirectory& directory, const std::string& path,
                  internal::FileLock lock, uint64_t max_bytes,
                  milliseconds busy_timeout) APPCACHE_REQUIRES(directory.lane) {
  if (directory.environment != nullptr) {
    if (directory.environment->max_bytes() == max_bytes) return Status();
    return Status(ErrorCode::kInvalidArgument,
                  "cannot open the LMDB cache " + path + " with max_bytes " +
                      std::to_string(max_bytes) +
                      ": this process has it open with max_bytes " +
                      std::to_string(directory.environment->max_bytes()) +
                      "; use the same value");
  }
  if (internal::OpenDatabaseName::WasOpenAtFork(directory.id)) {
    return Status(ErrorCode::kUnsupported,
                  "cannot open the LMDB cache " + path +
                      " in a process that was forked while it was open; close "
                      "it before the fork, or exec after it");
  }
  // The name comes first, because another thread may fork at any time.
  directory.name.emplace(directory.id);
  Result<std::shared_ptr<Environment>> opened =
      Environment::Open(path, std::move(lock), max_bytes, busy_timeout);
  if (!opened.ok()) return opened.status();
  directory.environment = *std::move(opened);
  return Status();
}

}  // namespace

EnvironmentRef::EnvironmentRef(
    std::shared_ptr<OpenDirectory> directory,
    std::shared_ptr<Environment> environment) noexcept
    : directory_(std::move(directory)), environment_(std::move(environment)) {
  assert(directory_ != nullptr && environment_ != nullptr);
}

EnvironmentRef::~EnvironmentRef() {
  if (directory_ == nullptr) return;
  if (environment_->in_child()) {
    // The environment and its locks are the parent's.
    internal::LeakInChild(std::move(directory_));
    internal::LeakInChild(std::move(environment_));
    return;
  }
  environment_.reset();
  const internal::WriterLane::Held held = LockWithoutTimeout(*directory_);
  RemoveUser(*directory_);
}

Result<EnvironmentRef> AcquireEnvironment(const std::string& path,
                                          uint64_t max_bytes,
                                          milliseconds busy_timeout) {
  Result<internal::FileLock> lock = OpenLockFile(path);
  if (!lock.ok()) return lock.status();
  const Result<std::string> id = lock->Identity();
  if (!id.ok()) return id.status();
  const std::shared_ptr<OpenDirectory> directory = AddUser(*id);
  Result<internal::WriterLane::Held> entered =
      directory->lane.Enter(busy_timeout);
  if (!entered.ok() && RemoveUserUnlessLast(*directory)) {
    return Busy(path, busy_timeout);
  }
  // If this is the only user, the holder of the lane is the last one before it,
  // and is about to leave.
  const internal::WriterLane::Held held =
      entered.ok() ? *std::move(entered) : LockWithoutTimeout(*directory);
  held.AssertHolds(directory->lane);
  Status status;
  try {
    status =
        EnsureOpen(*directory, path, *std::move(lock), max_bytes, busy_timeout);
    if (status.ok()) return EnvironmentRef(directory, directory->environment);
  } catch (...) {
    RemoveUser(*directory);
    throw;
  }
  RemoveUser(*directory);
  return status;
}

}  // namespace appcache::lmdb
