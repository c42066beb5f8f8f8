#include "engine/support/open_database_name.h"

#include <pthread.h>

#include <algorithm>

#include "engine/support/mutex.h"

namespace appcache::internal {
namespace {

// The mutex is held during a fork, so that the child never sees a half-changed
// list. The child then moves the names between the lists, which does not
// allocate.
struct Names {
  Mutex mutex;
  // Registered by this process.
  std::list<std::string> here APPCACHE_GUARDED_BY(mutex);
  // Registered by an ancestor. Never shrinks.
  std::list<std::string> at_fork APPCACHE_GUARDED_BY(mutex);
};

Names& AllNames() {
  static Names& names = *[] {
    auto* const made = new Names;
    pthread_atfork(
        []() APPCACHE_ACQUIRE(AllNames().mutex) { AllNames().mutex.lock(); },
        []() APPCACHE_RELEASE(AllNames().mutex) { AllNames().mutex.unlock(); },
        []() APPCACHE_RELEASE(AllNames().mutex) {
          AllNames().at_fork.splice(AllNames().at_fork.end(), AllNames().here);
          AllNames().mutex.unlock();
        });
    return made;
  }();
  return names;
}

}  // namespace

OpenDatabaseName::OpenDatabaseName(const std::string& name) {
  Names& names = AllNames();
  MutexLock guard(names.mutex);
  at_ = names.here.insert(names.here.end(), name);
}

OpenDatabaseName::~OpenDatabaseName() {
  if (!listed_) return;
  Names& names = AllNames();
  MutexLock guard(names.mutex);
  names.here.erase(at_);
}

bool OpenDatabaseName::WasOpenAtFork(const std::string& name) {
  Names& names = AllNames();
  MutexLock guard(names.mutex);
  return std::find(names.at_fork.begin(), names.at_fork.end(), name) !=
         names.at_fork.end();
}

}  // namespace appcache::internal
