#include "engine/support/open_database_name.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>

namespace appcache::internal {
namespace {

// The mutex is held during a fork, so that the child never sees a half-changed
// list. The child then moves the names between the lists, which does not
// allocate.
struct Names {
  std::mutex mutex;
  // Both are guarded by mutex.
  std::list<std::string> here;     // registered by this process
  std::list<std::string> at_fork;  // registered by an ancestor; never shrinks
};

Names& AllNames() {
  static Names& names = *[] {
    auto* const made = new Names;
    pthread_atfork([] { AllNames().mutex.lock(); },
                   [] { AllNames().mutex.unlock(); },
                   [] {
                     Names& names = AllNames();
                     names.at_fork.splice(names.at_fork.end(), names.here);
                     names.mutex.unlock();
                   });
    return made;
  }();
  return names;
}

}  // namespace

OpenDatabaseName::OpenDatabaseName(const std::string& name) {
  Names& names = AllNames();
  std::lock_guard<std::mutex> guard(names.mutex);
  at_ = names.here.insert(names.here.end(), name);
}

OpenDatabaseName::~OpenDatabaseName() {
  if (!listed_) return;
  Names& names = AllNames();
  std::lock_guard<std::mutex> guard(names.mutex);
  names.here.erase(at_);
}

bool OpenDatabaseName::WasOpenAtFork(const std::string& name) {
  Names& names = AllNames();
  std::lock_guard<std::mutex> guard(names.mutex);
  return std::find(names.at_fork.begin(), names.at_fork.end(), name) !=
         names.at_fork.end();
}

}  // namespace appcache::internal
