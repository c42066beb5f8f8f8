#include "adapters/tiered/pending.h"

#include <algorithm>
#include <exception>

#include "adapters/tiered/breaker.h"
#include "engine/background_thread.h"

namespace appcache::tiered {
namespace {

// Whether the remote is there and does not do it: then one of many may be what
// keeps the others from being done.
bool IsRefusal(const Status& status) noexcept {
  return !status.ok() && !IsFailure(status);
}

}  // namespace

std::vector<std::string_view> Pending::Claim::paths() const {
  std::vector<std::string_view> paths;
  paths.reserve(held_.size());
  for (const Held& held : held_) paths.push_back(held.path->first);
  return paths;
}

void Pending::Claim::Settle() noexcept {
  for (Held& held : held_) held.is_settled = true;
}

Pending::Pending(Repeat repeat, size_t max_paths,
                 std::chrono::milliseconds retry_interval,
                 std::chrono::milliseconds max_wait,
                 std::shared_ptr<const Clock> clock)
    : repeat_(std::move(repeat)),
      max_paths_(max_paths),
      retry_interval_(retry_interval),
      max_wait_(max_wait),
      clock_(std::move(clock)) {}

void Pending::Stop() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Pending::Add(std::string_view path) noexcept {
  std::lock_guard<std::mutex> guard(mutex_);
  auto found = paths_.find(path);
  if (found == paths_.end() && paths_.size() < max_paths_) {
    try {
      found = paths_.try_emplace(std::string(path)).first;
    } catch (const std::exception&) {
      // No memory is no room.
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

// Without a thread those who read the path, or write it, do its work; and the
// next Add tries again.
void Pending::StartThread() noexcept {
  if (thread_.joinable() || is_ending_) return;
  try {
    thread_ = StartBackgroundThread([this] { Run(); });
  } catch (const std::exception&) {
  }
}

bool Pending::Has(std::string_view path) const {
  if (size() == 0) return false;
  std::lock_guard<std::mutex> guard(mutex_);
  return paths_.find(path) != paths_.end();
}

// `each(visit)` visits the elements that are wanted, until `visit` says false.
template <class Each>
Result<Pending::Claim> Pending::TakeWhenFree(std::unique_lock<std::mutex>& lock,
                                             const Each& each) {
  const auto are_free = [&] {
    bool free = true;
    each([&](Paths::value_type& path) {
      free = !path.second.is_claimed;
      return free;
    });
    return free;
  };
  if (!changed_.wait_for(lock, max_wait_, are_free)) {
    return Status(ErrorCode::kBusy,
                  "others have been removing the same entry from the remote "
                  "for " +
                      std::to_string(max_wait_.count()) + " ms");
  }
  std::vector<Claim::Held> held;
  each([&](Paths::value_type& path) {
    held.push_back({&path, path.second.version});
    return true;
  });
  return Claimed(std::move(held));
}

Pending::Claim Pending::Claimed(std::vector<Claim::Held> held) noexcept {
  // One that was named twice is held once.
  std::erase_if(held, [](const Claim::Held& one) {
    return std::exchange(one.path->second.is_claimed, true);
  });
  return Claim(this, std::move(held));
}

Result<Pending::Claim> Pending::Take(std::span<const std::string_view> paths) {
  if (size() == 0) return Claim();
  std::unique_lock<std::mutex> lock(mutex_);
  return TakeWhenFree(lock, [&](const auto& visit) {
    for (const std::string_view path : paths) {
      const auto found = paths_.find(path);
      if (found != paths_.end() && !visit(*found)) return;
    }
  });
}

Result<Pending::Claim> Pending::TakeAll() {
  std::unique_lock<std::mutex> lock(mutex_);
  return TakeWhenFree(lock, [&](const auto& visit) {
    for (auto& path : paths_) {
      if (!visit(path)) return;
    }
  });
}

Pending::Claim Pending::TakeOldest() {
  std::vector<Claim::Held> held;
  for (auto& path : paths_) {
    if (!path.second.is_claimed) held.push_back({&path, path.second.version});
  }
  const auto older = [](const Claim::Held& a, const Claim::Held& b) {
    return a.version < b.version;
  };
  if (held.size() > kBatch) {
    std::nth_element(held.begin(), held.begin() + kBatch, held.end(), older);
    held.erase(held.begin() + kBatch, held.end());
  }
  return Claimed(std::move(held));
}

void Pending::Release(Claim& claim) noexcept {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    for (const Claim::Held& held : claim.held_) {
      State& state = held.path->second;
      state.is_claimed = false;
      if (state.version != held.version) continue;
      if (held.is_settled) {
        paths_.erase(paths_.find(held.path->first));
      } else {
        // The others' turn.
        state.version = next_version_++;
      }
    }
    size_.store(paths_.size(), std::memory_order_release);
  }
  changed_.notify_all();
}

void Pending::Wake() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

bool Pending::RepeatSome() {
  std::unique_lock<std::mutex> lock(mutex_);
  Claim claim = TakeOldest();
  lock.unlock();
  if (claim.empty()) return false;
  const Status status = repeat_(claim.paths());
  if (status.ok()) claim.Settle();
  return status.ok() || (IsRefusal(status) && RepeatOneByOne(claim));
}

bool Pending::IsEnding() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return is_ending_;
}

bool Pending::RepeatOneByOne(Claim& claim) {
  bool is_any_done = false;
  const std::vector<std::string_view> paths = claim.paths();
  for (size_t i = 0; i < paths.size() && !IsEnding(); ++i) {
    const Status status = repeat_({&paths[i], 1});
    if (status.ok()) {
      claim.SettleOne(i);
      is_any_done = true;
    } else if (!IsRefusal(status)) {
      break;
    }
  }
  return is_any_done;
}

void Pending::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!is_ending_) {
    if (paths_.empty()) {
      changed_.wait(lock, [this] { return is_ending_ || !paths_.empty(); });
    }
    clock_->WaitUntil(lock, changed_, clock_->Now() + retry_interval_,
                      [this] { return is_ending_ || is_woken_; });
    is_woken_ = false;
    if (is_ending_ || paths_.empty()) continue;
    lock.unlock();
    bool is_any_done = false;
    try {
      is_any_done = RepeatSome();
    } catch (const std::exception&) {
      // Out of memory: later.
    }
    lock.lock();
    // What is left goes at once.
    is_woken_ = is_woken_ || is_any_done;
  }
}

}  // namespace appcache::tiered
