#include "engine/loading/background.h"

namespace appcache {

Background::Running Background::Begin() {
  std::lock_guard<std::mutex> guard(mutex_);
  if (is_finished_) return Running();
  was_used_ = true;
  ++running_;
  return Running(this);
}

void Background::End() {
  std::lock_guard<std::mutex> guard(mutex_);
  --running_;
  // With the mutex held: whoever is woken destroys this object.
  ended_.notify_all();
}

void Background::Finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  is_finished_ = true;
  ended_.wait(lock, [this] { return running_ == 0; });
}

bool Background::is_over() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return is_finished_ || !was_used_;
}

}  // namespace appcache
