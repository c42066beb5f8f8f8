#include "engine/lru/maintenance.h"

#include <pthread.h>

#include <exception>
#include <new>

#include "engine/support/background_thread.h"

namespace appcache::lru {
namespace {

// Held exclusively by a fork and shared by the work of every cache: a child
// must not inherit a mutex of SQLite or of the allocator that one of these
// threads holds.
internal::SharedMutex& ForkMutex() {
  static internal::SharedMutex& mutex = *[] {
    auto* const made = new internal::SharedMutex;
    // The child replaces it, because another thread has locked it.
    pthread_atfork([]() APPCACHE_ACQUIRE(ForkMutex()) { ForkMutex().lock(); },
                   []() APPCACHE_RELEASE(ForkMutex()) { ForkMutex().unlock(); },
                   [] { ::new (&ForkMutex()) internal::SharedMutex; });
    return made;
  }();
  return mutex;
}

}  // namespace

void Maintenance::Arm(TimePoint deadline) noexcept {
  try {
    internal::MutexLock guard(mutex_);
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
  std::thread thread;
  {
    internal::MutexLock guard(mutex_);
    stopping_ = true;
    changed_.notify_one();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

void Maintenance::Loop() {
  internal::UniqueMutexLock lock(mutex_);
  while (!stopping_) {
    if (!deadline_) {
      changed_.wait(lock.native());
      continue;
    }
    const TimePoint deadline = *deadline_;
    if (clock_->Now() < deadline) {
      clock_->WaitUntil(
          lock.native(), changed_, deadline, [&]() APPCACHE_REQUIRES(mutex_) {
            return stopping_ || (deadline_ && *deadline_ < deadline);
          });
      continue;
    }
    deadline_.reset();
    lock.unlock();
    {
      const internal::SharedMutexLock no_fork(ForkMutex());
      work_();
    }
    lock.lock();
  }
}

}  // namespace appcache::lru
