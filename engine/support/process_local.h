// ProcessLocal: a global object of which each process has its own, as each
// thread has its own of a thread_local one.
//
//   constinit ProcessLocal<OpenFiles> open_files;
//   ...
//   OpenFiles& mine = open_files.Get();
//
// A forked child inherits memory, not threads. A mutex that another thread of
// the parent held at the fork stays locked in the child for ever, what it
// guards may be half changed, and the objects listed in a registry are the
// parent's. So a child must start with an object of its own.
//
// PerProcess (per_process.h) is the same for a member of an object, which is
// destroyed with that object.

#ifndef APPCACHE_ENGINE_SUPPORT_PROCESS_LOCAL_H_
#define APPCACHE_ENGINE_SUPPORT_PROCESS_LOCAL_H_

#include <atomic>
#include <memory>

#include "engine/support/fork_guard.h"

namespace appcache::internal {

template <class T>
class PerProcess;

// Thread-safe. It is initialised at compile time and never destroyed, so the
// constructors and destructors of static objects may use it.
//
// T is default-constructible. In a child, the parent's T is leaked. If T has a
// function AbandonInChild(), it is called on the parent's T, once: it releases
// what the child must not keep, and must not throw or wait for anything.
template <class T>
class ProcessLocal {
 public:
  constexpr ProcessLocal() noexcept = default;
  ProcessLocal(const ProcessLocal&) = delete;
  ProcessLocal& operator=(const ProcessLocal&) = delete;

  // The object of this process. The first call in a process creates it, and
  // throws std::bad_alloc or what the constructor of T throws. Later calls cost
  // a few loads.
  T& Get() {
    Instance* const instance = instance_.load(std::memory_order_acquire);
    if (instance != nullptr && !instance->fork_guard.in_child()) [[likely]] {
      return instance->object;
    }
    return Replace(instance);
  }

 private:
  friend class PerProcess<T>;

  struct Instance {
    const ForkGuard fork_guard;
    T object;
  };

  // `old` is null or the parent's.
  T& Replace(Instance* old) {
    auto made = std::make_unique<Instance>();
    if (!instance_.compare_exchange_strong(old, made.get(),
                                           std::memory_order_acq_rel)) {
      return old->object;  // another thread of this process was first
    }
    if (old != nullptr) Abandon(old->object);
    return made.release()->object;
  }

  static void Abandon(T& object) noexcept {
    if constexpr (requires { object.AbandonInChild(); }) {
      object.AbandonInChild();
    }
  }

  // Null until the first call of Get.
  std::atomic<Instance*> instance_{nullptr};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_PROCESS_LOCAL_H_
