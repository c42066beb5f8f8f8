#include "engine/loading/background_loads.h"

namespace appcache::internal {

BackgroundLoads::Running BackgroundLoads::Begin() {
  std::lock_guard<std::mutex> guard(mutex_);
  if (is_stopped_) return Running();
  ++running_;
  return Running(this);
}

void BackgroundLoads::End() {
  std::lock_guard<std::mutex> guard(mutex_);
  --running_;
  // While the mutex is held, because the woken thread destroys this object.
  ended_.notify_all();
}

void BackgroundLoads::Stop() {
  std::unique_lock<std::mutex> lock(mutex_);
  is_stopped_ = true;
  ended_.wait(lock, [this] { return running_ == 0; });
}

}  // namespace appcache::internal
