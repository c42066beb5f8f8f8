// Interrupt: how one thread ends the waits of another.

#ifndef APPCACHE_ADAPTERS_NET_INTERRUPT_H_
#define APPCACHE_ADAPTERS_NET_INTERRUPT_H_

#include <atomic>

#include "adapters/net/deadline.h"

namespace appcache::net {

// An eventfd that is raised once, and stays so: all deadlines that have it for
// their interrupt have come then. Thread-safe.
class Interrupt {
 public:
  // Throws std::system_error when there is no descriptor to be had.
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Not in a forked child: it would be the parent's too.
  void Raise() noexcept;

  // One load.
  bool is_raised() const noexcept {
    return is_raised_.load(std::memory_order_acquire);
  }

  // Until it is raised, or the deadline comes: whether it is raised.
  bool AwaitRaised(const Deadline& deadline) const noexcept;

  int descriptor() const noexcept { return fd_; }

 private:
  const int fd_;
  std::atomic<bool> is_raised_{false};
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_INTERRUPT_H_
