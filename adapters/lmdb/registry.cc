#include "adapters/lmdb/registry.h"

#include <pthread.h>

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "engine/open_name.h"

namespace appcache::lmdb {
namespace {

struct OpenDirectory {
  OpenName name;
  std::shared_ptr<Environment> environment;
  int users = 0;
};

struct Directories {
  std::mutex mutex;
  std::map<std::string, OpenDirectory> by_path;  // guarded by mutex
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

Result<std::shared_ptr<Environment>> Acquire(
    const std::string& directory, uint64_t max_bytes,
    std::chrono::milliseconds busy_timeout) {
  Directories& directories = OfThisProcess();
  std::lock_guard<std::mutex> guard(directories.mutex);
  const auto found = directories.by_path.find(directory);
  if (found != directories.by_path.end()) {
    OpenDirectory& open = found->second;
    if (open.environment->max_bytes() != max_bytes) {
      return Status(ErrorCode::kInvalidArgument,
                    "this process has " + directory + " open with max_bytes " +
                        std::to_string(open.environment->max_bytes()) +
                        ", and all its users must agree; not with " +
                        std::to_string(max_bytes));
    }
    ++open.users;
    return open.environment;
  }
  if (OpenName::WasOpenAtFork(directory)) {
    return Status(ErrorCode::kUnsupported,
                  "cannot open " + directory +
                      " in a process forked while it was open: close it before "
                      "the fork, or exec after it");
  }
  OpenName name(directory);  // before it is: a fork may come at any time
  Result<std::shared_ptr<Environment>> opened =
      Environment::Open(directory, max_bytes, busy_timeout);
  if (!opened.ok()) return opened;
  directories.by_path.emplace(directory,
                              OpenDirectory{std::move(name), *opened, 1});
  return opened;
}

void Release(std::shared_ptr<Environment> environment) noexcept {
  Directories& directories = OfThisProcess();
  std::lock_guard<std::mutex> guard(directories.mutex);
  const auto found = directories.by_path.find(environment->directory());
  if (--found->second.users > 0) return;
  // Closed here, under the mutex: nobody opens it meanwhile.
  const auto closing = directories.by_path.extract(found);
  environment.reset();
}

}  // namespace appcache::lmdb
