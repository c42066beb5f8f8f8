#include "engine/lru/maintenance.h"

#include <pthread.h>

#include <exception>
#include <new>
#include <shared_mutex>

#include "engine/support/background_thread.h"

namespace appcache::lru {
namespace {

// Held exclusively by a fork and shared by the work of every cache: a child
// must not inherit a mutex of SQLite or of the allocator that one of these
// threads holds.
std::shared_mutex& ForkMutex() {
  static std::shared_mutex& mutex = *[] {
    auto* const made = new std::shared_mutex;
    // The child replaces it, because another thread has locked it.
    pthread_atfork([] { ForkMutex().lock(); }, [] { ForkMutex().unlock(); },
                   [] { ::new (&ForkMutex()) std::shared_mutex; });
    return made;
  }();
  return mutex;
}

}  // namespace

void Maintenance::Arm(TimePoint deadline) noexcept {
  try {
    std::lock_guard<std::mutex> guard(mutex_);
    if (stopping_ || (deadline_ && *deadline_ <= deadline)) return;
    if (!thread_.joinable()) {
      thread_ = internal::StartBackgroundThread([this] { Loop(); });
    }
    deadline_ = deadline;
    changed_.notify_one();
  } catch (const std::exception&) {
    // No thread or no memory: writes and Flush do the work until then.
  }
}

void Maintenance::Stop() noexcept {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Maintenance::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    if (!deadline_) {
      changed_.wait(lock);
      continue;
    }
    const TimePoint deadline = *deadline_;
    if (clock_->Now() < deadline) {
      clock_->WaitUntil(lock, changed_, deadline, [&] {
        return stopping_ || (deadline_ && *deadline_ < deadline);
      });
      continue;
    }
    deadline_.reset();
    lock.unlock();
    {
      const std::shared_lock<std::shared_mutex> no_fork(ForkMutex());
      work_();
    }
    lock.lock();
  }
}

}  // namespace appcache::lru
