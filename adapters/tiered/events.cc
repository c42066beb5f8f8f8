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
  internal::MutexLock guard(mutex_);
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
  std::thread thread;
  {
    internal::MutexLock guard(mutex_);
    is_stopped_ = true;
    queue_.clear();
    thread = std::move(thread_);
  }
  changed_.notify_one();
  assert(thread.get_id() != std::this_thread::get_id());
  if (thread.joinable()) thread.join();
}

void Events::Run() {
  internal::UniqueMutexLock lock(mutex_);
  for (;;) {
    changed_.wait(lock.native(), [this]() APPCACHE_REQUIRES(mutex_) {
      return is_stopped_ || !queue_.empty();
    });
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
