#include "adapters/tiered/events.h"

#include <cassert>
#include <exception>
#include <string>
#include <utility>

#include "engine/support/background_thread.h"

namespace appcache {

std::string_view ToString(TierEvent::Kind kind) noexcept {
  switch (kind) {
    case TierEvent::Kind::kTracking:
      return "tracking";
    case TierEvent::Kind::kAnnounced:
      return "announced";
    case TierEvent::Kind::kUntracked:
      return "untracked";
    case TierEvent::Kind::kLinkLost:
      return "link_lost";
    case TierEvent::Kind::kBreakerOpened:
      return "breaker_opened";
    case TierEvent::Kind::kBreakerClosed:
      return "breaker_closed";
    case TierEvent::Kind::kInvalidationLost:
      return "invalidation_lost";
  }
  return "unknown";
}

namespace tiered {

Events::Events(TierHook hook, LogSink log, std::shared_ptr<const Clock> clock)
    : hook_(std::move(hook)), log_(std::move(log)), clock_(std::move(clock)) {}

void Events::Post(TierEvent::Kind kind, std::string_view detail) noexcept {
  if (hook_ == nullptr) return;
  std::lock_guard<std::mutex> guard(mutex_);
  if (is_stopped_) return;
  try {
    if (queue_.size() < kMaxQueued) {
      if (!thread_.joinable()) {
        thread_ = internal::StartBackgroundThread([this] { Run(); });
      }
      queue_.push_back({kind, clock_->Now(), std::string(detail)});
      changed_.notify_one();
      return;
    }
  } catch (const std::exception&) {
    // There was no memory, or no thread.
  }
  dropped_.fetch_add(1, std::memory_order_relaxed);
}

void Events::Stop() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    is_stopped_ = true;
    queue_.clear();
  }
  changed_.notify_one();
  assert(thread_.get_id() != std::this_thread::get_id());
  if (thread_.joinable()) thread_.join();
}

void Events::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_stopped_ || !queue_.empty(); });
    if (is_stopped_) return;
    const TierEvent event = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    CallHook(event);
    lock.lock();
  }
}

void Events::CallHook(const TierEvent& event) const noexcept {
  try {
    hook_(event);
  } catch (...) {
    log_(LogLevel::kWarning,
         "the tier's hook threw an exception; hooks must not throw");
  }
}

}  // namespace tiered
}  // namespace appcache
