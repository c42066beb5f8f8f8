// PerProcess: an object that a forked child does not inherit.
//
// A mutex that another thread of the parent held at the fork stays locked in
// the child for ever, and what it guards may be half changed: a child that is
// to go on using an object needs new ones.

#ifndef APPCACHE_ENGINE_PER_PROCESS_H_
#define APPCACHE_ENGINE_PER_PROCESS_H_

#include <atomic>
#include <memory>

#include "engine/fork_guard.h"

namespace appcache {

// Thread-safe. T is made without arguments; of a parent's the child calls
// AbandonInChild, once, which must not wait for anything, and leaks the rest.
template <class T>
class PerProcess {
 public:
  // Throws std::bad_alloc.
  PerProcess() : mine_(new Mine) {}
  ~PerProcess() {
    Mine* const mine = mine_.load(std::memory_order_acquire);
    if (!mine->fork_guard.in_child()) {
      delete mine;
    } else {
      mine->object.AbandonInChild();
    }
  }
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;

  // This process's, made at the first call in a child. Costs two loads. Throws
  // std::bad_alloc in a child.
  T& Get() {
    Mine* mine = mine_.load(std::memory_order_acquire);
    if (!mine->fork_guard.in_child()) return mine->object;
    auto made = std::make_unique<Mine>();
    if (!mine_.compare_exchange_strong(mine, made.get(),
                                       std::memory_order_acq_rel)) {
      return mine->object;  // another thread of the child was first
    }
    mine->object.AbandonInChild();
    return made.release()->object;
  }

  // Whether `object`, which Get has given, is a parent's.
  bool IsParents(const T& object) const noexcept {
    const Mine* const mine = mine_.load(std::memory_order_acquire);
    return &object != &mine->object || mine->fork_guard.in_child();
  }

 private:
  struct Mine {
    const ForkGuard fork_guard;
    T object;
  };

  std::atomic<Mine*> mine_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_PER_PROCESS_H_
