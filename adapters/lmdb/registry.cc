#include "adapters/lmdb/registry.h"

#include <pthread.h>

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "adapters/lmdb/files.h"
#include "engine/lane/writer_lane.h"
#include "engine/open_name.h"

namespace appcache::lmdb {
namespace {

// By the identity of its lock file, which an open directory keeps whatever it
// is renamed to, and one that is made under its name does not have.
using DirectoriesById = std::map<std::string, std::shared_ptr<OpenDirectory>>;

struct Directories {
  std::mutex mutex;
  DirectoriesById by_id;  // guarded by mutex
};

// One for each process: a forked child must not wait for a mutex that a thread
// of its parent held, nor meet the parent's environments. Never destroyed, for
// caches may be static objects.
std::atomic<Directories*> directories_of_this_process{nullptr};
const int registered = pthread_atfork(nullptr, nullptr, [] {
  directories_of_this_process.store(nullptr, std::memory_order_release);
});

Directories& OfThisProcess() {
  (void)registered;
  Directories* directories =
      directories_of_this_process.load(std::memory_order_acquire);
  if (directories != nullptr) return *directories;
  auto made = std::make_unique<Directories>();
  if (directories_of_this_process.compare_exchange_strong(
          directories, made.get(), std::memory_order_acq_rel)) {
    return *made.release();
  }
  return *directories;
}

}  // namespace

// Lock order: `lane`, then the mutex of Directories.
struct OpenDirectory {
  explicit OpenDirectory(std::string id)
      : id(std::move(id)), lane(this->id, std::nullopt) {}

  const std::string id;
  size_t users = 0;  // guarded by the mutex of Directories

  // One opens or closes the environment at a time, which may take a while.
  WriterLane lane;
  std::optional<OpenName> name;              // guarded by lane
  std::shared_ptr<Environment> environment;  // guarded by lane
};

namespace {

std::shared_ptr<OpenDirectory> CountIn(const std::string& id) {
  Directories& directories = OfThisProcess();
  std::lock_guard<std::mutex> guard(directories.mutex);
  std::shared_ptr<OpenDirectory>& directory = directories.by_id[id];
  if (directory == nullptr) {
    directory = std::make_shared<OpenDirectory>(id);
  }
  ++directory->users;
  return directory;
}

// REQUIRES: in directory.lane.
void CountOut(OpenDirectory& directory) noexcept {
  Directories& directories = OfThisProcess();
  {
    std::lock_guard<std::mutex> guard(directories.mutex);
    if (--directory.users > 0) return;
  }
  // Nobody opens it before this is over: they wait for directory.lane.
  directory.environment.reset();
  directory.name.reset();
  std::lock_guard<std::mutex> guard(directories.mutex);
  if (directory.users == 0) directories.by_id.erase(directory.id);
}

WriterLane::Pass EnterAlways(OpenDirectory& directory) noexcept {
  Status locked;  // there is no lock file
  return directory.lane.EnterToClose(std::chrono::milliseconds(0), locked);
}

// For one that has waited in vain: false, and it is counted out, if there are
// others.
bool IsLastUser(OpenDirectory& directory) {
  std::lock_guard<std::mutex> guard(OfThisProcess().mutex);
  if (directory.users == 1) return true;
  --directory.users;
  return false;
}

Status Busy(const std::string& path, std::chrono::milliseconds waited) {
  return Status(ErrorCode::kBusy,
                "waited " + std::to_string(waited.count()) + " ms to open " +
                    path +
                    ": another thread of this process is opening it; try "
                    "again, or allow more busy_timeout");
}

// REQUIRES: in directory.lane.
Status OpenUnlessOpen(OpenDirectory& directory, const std::string& path,
                      FileLock lock, uint64_t max_bytes,
                      std::chrono::milliseconds busy_timeout) {
  if (directory.environment != nullptr) {
    if (directory.environment->max_bytes() == max_bytes) return Status();
    return Status(ErrorCode::kInvalidArgument,
                  "this process has " + path + " open with max_bytes " +
                      std::to_string(directory.environment->max_bytes()) +
                      ", and all its users must agree; not with " +
                      std::to_string(max_bytes));
  }
  if (OpenName::WasOpenAtFork(directory.id)) {
    return Status(ErrorCode::kUnsupported,
                  "cannot open " + path +
                      " in a process forked while it was open: close it before "
                      "the fork, or exec after it");
  }
  directory.name.emplace(directory.id);  // first: a fork may come at any time
  Result<std::shared_ptr<Environment>> opened =
      Environment::Open(path, std::move(lock), max_bytes, busy_timeout);
  if (!opened.ok()) return opened.status();
  directory.environment = *std::move(opened);
  return Status();
}

}  // namespace

EnvironmentUse::EnvironmentUse(
    std::shared_ptr<OpenDirectory> directory,
    std::shared_ptr<Environment> environment) noexcept
    : directory_(std::move(directory)), environment_(std::move(environment)) {}

EnvironmentUse::~EnvironmentUse() {
  if (directory_ == nullptr) return;
  if (environment_->in_child()) {
    LeakInChild(std::move(directory_));
    LeakInChild(std::move(environment_));
    return;
  }
  environment_.reset();
  const WriterLane::Pass pass = EnterAlways(*directory_);
  CountOut(*directory_);
}

Result<EnvironmentUse> Acquire(const std::string& path, uint64_t max_bytes,
                               std::chrono::milliseconds busy_timeout) {
  Result<FileLock> lock = OpenLock(path);
  if (!lock.ok()) return lock.status();
  const Result<std::string> id = lock->Identity();
  if (!id.ok()) return id.status();
  const std::shared_ptr<OpenDirectory> directory = CountIn(*id);
  Result<WriterLane::Pass> entered = directory->lane.Enter(busy_timeout);
  if (!entered.ok() && !IsLastUser(*directory)) return Busy(path, busy_timeout);
  // Whoever was in it, if it was the last user, is leaving.
  const WriterLane::Pass pass =
      entered.ok() ? *std::move(entered) : EnterAlways(*directory);
  Status status;
  try {
    status = OpenUnlessOpen(*directory, path, *std::move(lock), max_bytes,
                            busy_timeout);
    if (status.ok()) return EnvironmentUse(directory, directory->environment);
  } catch (...) {
    CountOut(*directory);
    throw;
  }
  CountOut(*directory);
  return status;
}

}  // namespace appcache::lmdb
