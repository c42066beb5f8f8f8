// ForkGuard: tells an object that was made before a fork from one made after.

#ifndef APPCACHE_ENGINE_FORK_GUARD_H_
#define APPCACHE_ENGINE_FORK_GUARD_H_

#include <cstdint>
#include <utility>

namespace appcache {

// How many forks lie between the first process and this one. One load.
uint64_t ForkGeneration() noexcept;

class ForkGuard {
 public:
  ForkGuard() noexcept : generation_(ForkGeneration()) {}

  // True in a child that was forked after this object was made: SQLite's
  // connections, locks and threads of the parent are not to be used there.
  bool in_child() const noexcept { return generation_ != ForkGeneration(); }

 private:
  uint64_t generation_;
};

// Takes an object over and never destroys it: for what a child inherits and
// must not even let go of.
template <class T>
void LeakInChild(T object) noexcept {
  union Grave {
    explicit Grave(T&& buried) noexcept : object(std::move(buried)) {}
    ~Grave() {}
    T object;
  } grave(std::move(object));
}

}  // namespace appcache

#endif  // APPCACHE_ENGINE_FORK_GUARD_H_
