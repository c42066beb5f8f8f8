#include "adapters/tiered/retry_queue.h"

#include <algorithm>
#include <exception>

#include "adapters/tiered/breaker.h"
#include "engine/support/background_thread.h"

namespace appcache::tiered {
namespace {

// True when the remote answered with an error: then one path of a batch may be
// what keeps the others from being invalidated.
bool IsRejection(const Status& status) noexcept {
  return !status.ok() && !IsFailure(status);
}

}  // namespace

std::vector<std::string_view> RetryQueue::Claim::paths() const {
  std::vector<std::string_view> paths;
  paths.reserve(held_.size());
  for (const Held& held : held_) paths.push_back(held.path->first);
  return paths;
}

void RetryQueue::Claim::Settle() noexcept {
  for (Held& held : held_) held.is_settled = true;
}

RetryQueue::RetryQueue(Invalidate invalidate, size_t max_paths,
                       std::chrono::milliseconds retry_interval,
                       std::chrono::milliseconds max_wait,
                       std::shared_ptr<const Clock> clock)
    : invalidate_(std::move(invalidate)),
      max_paths_(max_paths),
      retry_interval_(retry_interval),
      max_wait_(max_wait),
      clock_(std::move(clock)) {}

void RetryQueue::Stop() {
  std::thread thread;
  {
    internal::MutexLock guard(mutex_);
    is_stopped_ = true;
    thread = std::move(thread_);
  }
  changed_.notify_all();
  if (thread.joinable()) thread.join();
  internal::MutexLock guard(mutex_);
  assert(std::none_of(paths_.begin(), paths_.end(),
                      [](const auto& path) { return path.second.is_claimed; }));
}

bool RetryQueue::Add(std::string_view path) noexcept {
  internal::MutexLock guard(mutex_);
  auto found = paths_.find(path);
  if (found == paths_.end() && paths_.size() < max_paths_) {
    try {
      found = paths_.try_emplace(std::string(path)).first;
    } catch (const std::exception&) {
      // No memory: as if the queue were full.
    }
  }
  if (found == paths_.end()) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  found->second.version = next_version_++;
  size_.store(paths_.size(), std::memory_order_release);
  StartThread();
  changed_.notify_all();
  return true;
}

// Without a thread, those who read or write a path invalidate it; and the next
// Add tries again.
void RetryQueue::StartThread() noexcept {
  if (thread_.joinable() || is_stopped_) return;
  try {
    thread_ = internal::StartBackgroundThread([this] { Run(); });
  } catch (const std::exception&) {
  }
}

bool RetryQueue::Contains(std::string_view path) const {
  if (size() == 0) return false;
  internal::MutexLock guard(mutex_);
  return paths_.find(path) != paths_.end();
}

// `each(visit)` visits the elements to claim, until `visit` returns false.
template <class Each>
Result<RetryQueue::Claim> RetryQueue::ClaimWhenFree(
    internal::UniqueMutexLock& lock, const Each& each) {
  const auto are_free = [&] {
    bool free = true;
    each([&](Paths::value_type& path) {
      free = !path.second.is_claimed;
      return free;
    });
    return free;
  };
  const TimePoint deadline = clock_->Now() + max_wait_;
  while (!are_free()) {
    if (clock_->Now() >= deadline) {
      return Status(ErrorCode::kBusy,
                    "another caller has been invalidating the same entry at "
                    "the remote for " +
                        std::to_string(max_wait_.count()) + " ms; retry later");
    }
    // A clock may release the lock after its last look.
    clock_->WaitUntil(lock.native(), changed_, deadline, are_free);
  }
  std::vector<Claim::Held> held;
  each([&](Paths::value_type& path) {
    held.push_back({&path, path.second.version});
    return true;
  });
  return MakeClaim(std::move(held));
}

RetryQueue::Claim RetryQueue::MakeClaim(
    std::vector<Claim::Held> held) noexcept {
  // A path that was given twice is held once.
  std::erase_if(held, [](const Claim::Held& one) {
    return std::exchange(one.path->second.is_claimed, true);
  });
  return Claim(this, std::move(held));
}

Result<RetryQueue::Claim> RetryQueue::ClaimQueued(
    std::span<const std::string_view> paths) {
  if (size() == 0) return Claim();
  internal::UniqueMutexLock lock(mutex_);
  return ClaimWhenFree(lock, [&](const auto& visit) {
    mutex_.AssertHeld();
    for (const std::string_view path : paths) {
      const auto found = paths_.find(path);
      if (found != paths_.end() && !visit(*found)) return;
    }
  });
}

Result<RetryQueue::Claim> RetryQueue::ClaimAll() {
  internal::UniqueMutexLock lock(mutex_);
  return ClaimWhenFree(lock, [&](const auto& visit) {
    mutex_.AssertHeld();
    for (auto& path : paths_) {
      if (!visit(path)) return;
    }
  });
}

RetryQueue::Claim RetryQueue::ClaimOldest() {
  std::vector<Claim::Held> held;
  for (auto& path : paths_) {
    if (!path.second.is_claimed) held.push_back({&path, path.second.version});
  }
  const auto is_older = [](const Claim::Held& a, const Claim::Held& b) {
    return a.version < b.version;
  };
  if (held.size() > kBatch) {
    std::nth_element(held.begin(), held.begin() + kBatch, held.end(), is_older);
    held.erase(held.begin() + kBatch, held.end());
  }
  return MakeClaim(std::move(held));
}

void RetryQueue::Release(Claim& claim) noexcept {
  {
    internal::MutexLock guard(mutex_);
    for (const Claim::Held& held : claim.held_) {
      State& state = held.path->second;
      assert(state.is_claimed);
      state.is_claimed = false;
      if (state.version != held.version) continue;
      if (held.is_settled) {
        paths_.erase(paths_.find(held.path->first));
      } else {
        // To the end of the queue, so that the others get their turn.
        state.version = next_version_++;
      }
    }
    size_.store(paths_.size(), std::memory_order_release);
  }
  changed_.notify_all();
}

void RetryQueue::RetryNow() {
  {
    internal::MutexLock guard(mutex_);
    retries_now_ = true;
  }
  changed_.notify_all();
}

bool RetryQueue::RetrySome() {
  internal::UniqueMutexLock lock(mutex_);
  Claim claim = ClaimOldest();
  lock.unlock();
  if (claim.empty()) return false;
  const Status status = invalidate_(claim.paths());
  if (status.ok()) claim.Settle();
  return status.ok() || (IsRejection(status) && RetryOneByOne(claim));
}

bool RetryQueue::IsStopped() const {
  internal::MutexLock guard(mutex_);
  return is_stopped_;
}

bool RetryQueue::RetryOneByOne(Claim& claim) {
  bool is_any_done = false;
  const std::vector<std::string_view> paths = claim.paths();
  for (size_t i = 0; i < paths.size() && !IsStopped(); ++i) {
    const Status status = invalidate_({&paths[i], 1});
    if (status.ok()) {
      claim.SettleOne(i);
      is_any_done = true;
    } else if (!IsRejection(status)) {
      break;
    }
  }
  return is_any_done;
}

void RetryQueue::Run() {
  internal::UniqueMutexLock lock(mutex_);
  while (!is_stopped_) {
    if (paths_.empty()) {
      changed_.wait(lock.native(), [this]() APPCACHE_REQUIRES(mutex_) {
        return is_stopped_ || !paths_.empty();
      });
    }
    clock_->WaitUntil(lock.native(), changed_, clock_->Now() + retry_interval_,
                      [this]() APPCACHE_REQUIRES(mutex_) {
                        return is_stopped_ || retries_now_;
                      });
    retries_now_ = false;
    if (is_stopped_ || paths_.empty()) continue;
    lock.unlock();
    bool is_any_done = false;
    try {
      is_any_done = RetrySome();
    } catch (...) {
      // No memory, or a backend that throws: a later retry may succeed.
    }
    lock.lock();
    // While retries succeed, the rest follows without a pause.
    retries_now_ = retries_now_ || is_any_done;
  }
}

}  // namespace appcache::tiered
