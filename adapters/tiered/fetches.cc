#include "adapters/tiered/fetches.h"

#include <cassert>
#include <string>

#include "engine/support/shared_result.h"

namespace appcache::tiered {

struct Fetches::Fetch {
  Fetch(std::string of, const LocalLevel::Token& begun_with)
      : path(std::move(of)), token(begun_with) {}

  const std::string path;
  const LocalLevel::Token token;
  // None: the leader has published nothing.
  internal::SharedResult<std::optional<Lookup<TimedBytes>>> result;
};

Fetches::Ticket Fetches::Join(std::string_view path,
                              const LocalLevel::Token& token,
                              TimePoint not_before) {
  const auto is_current = [&](const Fetch& fetch) {
    return fetch.token.version == token.version &&
           fetch.token.epoch == token.epoch && fetch.token.begun >= not_before;
  };
  auto [fetch, is_new] = fetches_.Join(path, is_current, token);
  return Ticket(this, std::move(fetch), is_new);
}

void Fetches::Ticket::Publish(const Lookup<TimedBytes>& fetched) {
  assert(leads_);
  owner_->completions_.fetch_add(1, std::memory_order_acq_rel);
  owner_->fetches_.Remove(*fetch_);
  fetch_->result.Set(fetched);
  leads_ = false;
}

Fetches::Ticket::~Ticket() {
  if (fetch_ == nullptr || !leads_) return;
  owner_->fetches_.Remove(*fetch_);
  fetch_->result.Set(std::nullopt);
}

std::optional<Lookup<TimedBytes>> Fetches::Ticket::Wait(
    const Clock& clock, std::chrono::milliseconds max_wait) {
  const auto* const fetched = fetch_->result.WaitFor(clock, max_wait);
  return fetched != nullptr ? *fetched : std::nullopt;
}

}  // namespace appcache::tiered
