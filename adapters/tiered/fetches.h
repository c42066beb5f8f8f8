// Fetches: of many reads that miss the same key, one asks the remote.

#ifndef APPCACHE_ADAPTERS_TIERED_FETCHES_H_
#define APPCACHE_ADAPTERS_TIERED_FETCHES_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "adapters/tiered/local_level.h"
#include "appcache/backend.h"
#include "appcache/clock.h"
#include "engine/support/flight_table.h"

namespace appcache::tiered {

// Thread-safe. Memory: one Fetch for each path that is being fetched.
class Fetches {
 public:
  struct Fetch;

  // The result of Join. A leader asks the remote and calls Publish. If it is
  // destroyed without that, its followers get nothing.
  class Ticket {
   public:
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();

    bool is_leader() const noexcept { return leads_; }

    // Shares what was fetched. REQUIRES: is_leader(). Throws std::bad_alloc.
    void Publish(const Lookup<TimedBytes>& fetched);

    // What the leader has published. None: it published nothing, or not within
    // `max_wait`.
    std::optional<Lookup<TimedBytes>> Wait(const Clock& clock,
                                           std::chrono::milliseconds max_wait);

   private:
    friend class Fetches;
    Ticket(Fetches* owner, std::shared_ptr<Fetch> fetch, bool leads)
        : owner_(owner), fetch_(std::move(fetch)), leads_(leads) {}

    Fetches* owner_;
    std::shared_ptr<Fetch> fetch_;  // null when moved from
    bool leads_;                    // and has not published
  };

  // How many fetches have completed. A reader takes it before it looks in the
  // local cache: if it is unchanged when the reader becomes a leader, nobody
  // can have stored a copy since, and the reader need not look again.
  uint64_t completions() const noexcept {
    return completions_.load(std::memory_order_acquire);
  }

  // Joins the fetch of `path` if it began at `not_before` or later and no
  // change has been notified since it began: the version and the epoch of its
  // token are those of `token`. Otherwise leads a new one. Throws
  // std::bad_alloc.
  Ticket Join(std::string_view path, const LocalLevel::Token& token,
              TimePoint not_before);

 private:
  internal::FlightTable<Fetch> fetches_;
  alignas(64) std::atomic<uint64_t> completions_{0};
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_FETCHES_H_
