// ProcessLock: a lock on a key across all processes that share a backend.
//
// The lock is an entry beside the key's own, which expires by its ttl. It saves
// work and protects nothing: when two processes hold it by mistake, both load,
// as they would without it.

#ifndef APPCACHE_ENGINE_LOADING_PROCESS_LOCK_H_
#define APPCACHE_ENGINE_LOADING_PROCESS_LOCK_H_

#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/times.h"

namespace appcache::internal {

class ProcessLock {
 public:
  // The path of the lock is the key's path with this appended.
  static constexpr std::string_view kSuffix = "/appcache-load-lock";

  // Takes the lock of `path` for at most `ttl`, unless that is zero or less.
  // `backend` must outlive this object.
  ProcessLock(Backend& backend, std::string_view path, Ttl ttl) noexcept;
  // Releases the lock if this object still holds it.
  ~ProcessLock();
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;

  // Whether another process holds the lock. False when that is unknown.
  bool is_held_by_another() const noexcept { return is_held_by_another_; }

  // Waits a little by `clock`, then tries to take the lock. Once the waits add
  // up to the ttl, gives up: then is_held_by_another() is false and this object
  // does not hold the lock.
  void WaitAndRetry(const Clock& clock) noexcept;

 private:
  void Take() noexcept;

  Backend& backend_;
  const Ttl ttl_;
  std::string path_;
  std::string token_;  // the value of the entry, unique to this object
  bool is_mine_ = false;
  bool is_held_by_another_ = false;
  Ttl waited_{0};
};

}  // namespace appcache::internal

#endif  // APPCACHE_ENGINE_LOADING_PROCESS_LOCK_H_
