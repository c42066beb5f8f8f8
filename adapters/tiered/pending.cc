#include "adapters/tiered/pending.h"

#include <algorithm>
#include <utility>

namespace appcache::tiered {

Pending::Pending(Repeat repeat, size_t max_paths,
                 std::chrono::milliseconds retry_interval,
                 std::shared_ptr<const Clock> clock)
    : repeat_(std::move(repeat)),
      max_paths_(max_paths),
      retry_interval_(retry_interval),
      clock_(std::move(clock)) {}

void Pending::Stop() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  if (thread_ && thread_->joinable()) thread_->join();
}

bool Pending::Add(std::string_view path) {
  std::lock_guard<std::mutex> guard(mutex_);
  const uint64_t version = next_version_.load(std::memory_order_relaxed);
  const auto found = paths_.find(path);
  if (found != paths_.end()) {
    found->second = version;
  } else if (paths_.size() >= max_paths_) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return false;
  } else {
    paths_.emplace(path, version);
  }
  next_version_.store(version + 1, std::memory_order_release);
  size_.store(paths_.size(), std::memory_order_release);
  if (!thread_ && !is_ending_) thread_.emplace([this] { Run(); });
  changed_.notify_all();
  return true;
}

bool Pending::Has(std::string_view path) const {
  if (size() == 0) return false;
  std::lock_guard<std::mutex> guard(mutex_);
  return paths_.find(path) != paths_.end();
}

void Pending::Settle(std::string_view path, uint64_t mark) {
  if (size() == 0) return;
  std::lock_guard<std::mutex> guard(mutex_);
  const auto found = paths_.find(path);
  if (found != paths_.end() && found->second < mark) paths_.erase(found);
  size_.store(paths_.size(), std::memory_order_release);
}

void Pending::SettleAll(uint64_t mark) {
  std::lock_guard<std::mutex> guard(mutex_);
  std::erase_if(paths_,
                [mark](const auto& entry) { return entry.second < mark; });
  size_.store(paths_.size(), std::memory_order_release);
}

void Pending::Wake() {
  {
    std::lock_guard<std::mutex> guard(mutex_);
    is_woken_ = true;
  }
  changed_.notify_all();
}

std::vector<std::pair<std::string, uint64_t>> Pending::Some() const {
  std::vector<std::pair<std::string, uint64_t>> some;
  some.reserve(std::min(paths_.size(), kBatch));
  for (const auto& entry : paths_) {
    if (some.size() == kBatch) break;
    some.emplace_back(entry);
  }
  return some;
}

void Pending::RepeatSome(std::unique_lock<std::mutex>& lock) {
  const auto some = Some();
  lock.unlock();
  std::vector<std::string_view> views;
  views.reserve(some.size());
  for (const auto& [path, version] : some) views.push_back(path);
  const Status status = repeat_(views);
  lock.lock();
  if (!status.ok()) return;
  for (const auto& [path, version] : some) {
    const auto found = paths_.find(path);
    if (found != paths_.end() && found->second == version) paths_.erase(found);
  }
  size_.store(paths_.size(), std::memory_order_release);
  // What is left goes at once.
  is_woken_ = true;
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
    try {
      RepeatSome(lock);
    } catch (...) {
      // Out of memory: later.
      if (!lock.owns_lock()) lock.lock();
    }
  }
}

}  // namespace appcache::tiered
