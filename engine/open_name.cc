#include "engine/open_name.h"

#include <pthread.h>

#include <algorithm>
#include <mutex>

namespace appcache {
namespace {

// The mutex is held across fork, so that the child finds the lists whole; it
// moves one to the other without memory.
struct Names {
  std::mutex mutex;
  std::list<std::string> here;     // guarded by mutex, as is the next
  std::list<std::string> at_fork;  // never shrinks
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

OpenName::OpenName(const std::string& name) {
  Names& names = AllNames();
  std::lock_guard<std::mutex> guard(names.mutex);
  at_ = names.here.insert(names.here.end(), name);
}

OpenName::~OpenName() {
  if (!listed_) return;
  Names& names = AllNames();
  std::lock_guard<std::mutex> guard(names.mutex);
  names.here.erase(at_);
}

bool OpenName::WasOpenAtFork(const std::string& name) {
  Names& names = AllNames();
  std::lock_guard<std::mutex> guard(names.mutex);
  return std::find(names.at_fork.begin(), names.at_fork.end(), name) !=
         names.at_fork.end();
}

}  // namespace appcache
