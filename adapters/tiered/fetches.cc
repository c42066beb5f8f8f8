#include "adapters/tiered/fetches.h"

#include <utility>

namespace appcache::tiered {

class Fetches::Fetch {
 public:
  explicit Fetch(const LocalLevel::Token& begun_with) : token(begun_with) {}

  const LocalLevel::Token token;

  void Finish(std::optional<Lookup<TimedBytes>> fetched) noexcept {
    {
      std::lock_guard<std::mutex> guard(mutex_);
      is_done_ = true;
      fetched_ = std::move(fetched);
    }
    landed_.notify_all();
  }

  std::optional<Lookup<TimedBytes>> Wait(std::chrono::milliseconds max_wait) {
    std::unique_lock<std::mutex> lock(mutex_);
    landed_.wait_for(lock, max_wait, [this] { return is_done_; });
    return fetched_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable landed_;
  bool is_done_ = false;  // guarded by mutex_, as is the next
  std::optional<Lookup<TimedBytes>> fetched_;
};

Fetches::Ticket Fetches::Join(std::string_view path,
                              const LocalLevel::Token& token,
                              TimePoint not_before) {
  Shard& shard = ShardOf(path);
  std::lock_guard<std::mutex> guard(shard.mutex);
  const auto found = shard.fetches.find(path);
  if (found != shard.fetches.end()) {
    const LocalLevel::Token& begun = found->second->token;
    if (begun.version == token.version && begun.epoch == token.epoch &&
        begun.begun >= not_before) {
      return Ticket(this, std::string(path), found->second, /*leads=*/false);
    }
  }
  auto fetch = std::make_shared<Fetch>(token);
  Ticket ticket(this, std::string(path), fetch, /*leads=*/false);
  if (found != shard.fetches.end()) {
    found->second = std::move(fetch);
  } else {
    shard.fetches.emplace(ticket.path_, std::move(fetch));
  }
  ticket.leads_ = true;
  return ticket;
}

void Fetches::Remove(std::string_view path, const Fetch* fetch) {
  Shard& shard = ShardOf(path);
  std::lock_guard<std::mutex> guard(shard.mutex);
  const auto found = shard.fetches.find(path);
  if (found != shard.fetches.end() && found->second.get() == fetch) {
    shard.fetches.erase(found);
  }
}

void Fetches::Ticket::Land(const Lookup<TimedBytes>& fetched) {
  owner_->landings_.fetch_add(1, std::memory_order_acq_rel);
  owner_->Remove(path_, fetch_.get());
  fetch_->Finish(fetched);
  leads_ = false;
}

Fetches::Ticket::~Ticket() {
  if (fetch_ == nullptr || !leads_) return;
  owner_->Remove(path_, fetch_.get());
  fetch_->Finish(std::nullopt);
}

std::optional<Lookup<TimedBytes>> Fetches::Ticket::Wait(
    std::chrono::milliseconds max_wait) {
  return fetch_->Wait(max_wait);
}

}  // namespace appcache::tiered
