// Interrupt: lets one thread end the waits of another.

#ifndef APPCACHE_ADAPTERS_NET_INTERRUPT_H_
#define APPCACHE_ADAPTERS_NET_INTERRUPT_H_

#include <atomic>

#include "adapters/net/deadline.h"

namespace appcache::net {

// An eventfd that can be raised once and then stays raised: every deadline that
// uses its descriptor has then expired. Thread-safe.
class Interrupt {
 public:
  // Throws std::system_error when the process is out of descriptors.
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Must not be called in a forked child: the parent has the same eventfd.
  void Raise() noexcept;

  // Costs one atomic load.
  bool is_raised() const noexcept {
    return is_raised_.load(std::memory_order_acquire);
  }

  // Waits until it is raised or the deadline expires. Returns whether it is
  // raised.
  bool AwaitRaised(const Deadline& deadline) const noexcept;

  int descriptor() const noexcept { return fd_; }

 private:
  const int fd_;
  std::atomic<bool> is_raised_{false};
};

}  // namespace appcache::net

#endif  // APPCACHE_ADAPTERS_NET_INTERRUPT_H_
