// ProcessLock: of all processes that share a backend, one loads a key.
//
// The lock is an entry beside the key's own, which ends by its ttl. It saves
// work and guards nothing: two who hold it by mistake load twice, as they would
// without it.

#ifndef APPCACHE_ENGINE_LOADING_PROCESS_LOCK_H_
#define APPCACHE_ENGINE_LOADING_PROCESS_LOCK_H_

#include <string>
#include <string_view>

#include "engine/clock.h"
#include "engine/ttl.h"

namespace appcache {

class Cache;

class ProcessLock {
 public:
  // The path of the lock is the key's with this behind it.
  static constexpr std::string_view kSuffix = "/appcache-load-lock";

  // Takes the lock of `path` for at most `ttl`, unless that is zero or less.
  // `cache` must outlive this object.
  ProcessLock(Cache& cache, std::string_view path, Ttl ttl) noexcept;
  // Gives back a lock that is still this object's.
  ~ProcessLock();
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;

  // Whether another holds the lock. False also where it is unknown: then
  // nobody needs to wait.
  bool is_anothers() const noexcept { return is_anothers_; }

  // Waits a little by `clock`, then tries again. When the waits have lasted for
  // the ttl, is_anothers() is false without a lock.
  void WaitForOther(const Clock& clock) noexcept;

 private:
  void Take() noexcept;

  Cache& cache_;
  const Ttl ttl_;
  std::string path_;
  std::string token_;  // what this object stores
  bool is_mine_ = false;
  bool is_anothers_ = false;
  Ttl waited_{0};
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADING_PROCESS_LOCK_H_
