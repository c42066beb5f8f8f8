#include "engine/loading/background_loads.h"

namespace appcache::internal {

BackgroundLoads::Running BackgroundLoads::Begin() {
  MutexLock guard(mutex_);
  if (is_stopped_) return Running();
  ++running_;
  return Running(this);
}

void BackgroundLoads::End() {
  MutexLock guard(mutex_);
  --running_;
  // While the mutex is held, because the woken thread destroys this object.
  ended_.notify_all();
}

void BackgroundLoads::Stop() {
  UniqueMutexLock lock(mutex_);
  is_stopped_ = true;
  ended_.wait(lock.native(),
              [this]() APPCACHE_REQUIRES(mutex_) { return running_ == 0; });
}

}  // namespace appcache::internal
