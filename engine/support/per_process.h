// PerProcess: a member of an object of which each process has its own. It is
// ProcessLocal (process_local.h, which says why a child needs its own) with the
// lifetime of the object that it belongs to.

#ifndef APPCACHE_ENGINE_SUPPORT_PER_PROCESS_H_
#define APPCACHE_ENGINE_SUPPORT_PER_PROCESS_H_

#include <atomic>

#include "engine/support/process_local.h"

namespace appcache::internal {

// Thread-safe. T is as for ProcessLocal, and must have AbandonInChild().
template <class T>
class PerProcess {
 public:
  // Creates the object of this process. Throws std::bad_alloc and what the
  // constructor of T throws.
  PerProcess() { local_.Get(); }

  // Destroys this process's object. In a child that has not called Get,
  // abandons and leaks the parent's.
  ~PerProcess() {
    Instance* const instance = Load();
    if (instance->fork_guard.in_child()) {
      instance->object.AbandonInChild();
    } else {
      delete instance;
    }
  }
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;

  // The object of this process. The first call in a child creates it, and may
  // then throw as the constructor does. Other calls cost a few loads.
  T& Get() { return local_.Get(); }

  // True if `object`, which Get returned, is now a parent's.
  bool IsParents(const T& object) const noexcept {
    const Instance* const instance = Load();
    return &object != &instance->object || instance->fork_guard.in_child();
  }

 private:
  using Instance = typename ProcessLocal<T>::Instance;

  Instance* Load() const noexcept {
    return local_.instance_.load(std::memory_order_acquire);
  }

  ProcessLocal<T> local_;
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_PER_PROCESS_H_
