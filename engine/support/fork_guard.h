// ForkGuard: detects that an object was inherited by a forked child.

#ifndef APPCACHE_ENGINE_SUPPORT_FORK_GUARD_H_
#define APPCACHE_ENGINE_SUPPORT_FORK_GUARD_H_

#include <cstdint>
#include <utility>

#include "appcache/export.h"

namespace appcache::internal {

// The number of forks between the first process of the program and this one.
// Costs one load of memory.
APPCACHE_EXPORT uint64_t ForkGeneration() noexcept;

class ForkGuard {
 public:
  ForkGuard() noexcept : generation_(ForkGeneration()) {}

  // True in a child that was forked after this object was created. The parent's
  // connections, locks and threads must not be used there.
  bool in_child() const noexcept { return generation_ != ForkGeneration(); }

 private:
  uint64_t generation_;
};

// An object whose destructor does not run by itself.
template <class T>
union ManualLifetime {
  explicit ManualLifetime(T&& value) noexcept : object(std::move(value)) {}
  ~ManualLifetime() {}

  T object;
};

// Takes ownership of `object` and never destroys it: for an object of the
// parent whose destructor must not run in a forked child.
template <class T>
void LeakInChild(T object) noexcept {
  const ManualLifetime<T> leaked(std::move(object));
}

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_SUPPORT_FORK_GUARD_H_
