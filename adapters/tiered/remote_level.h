// RemoteLevel: the remote cache, behind a circuit breaker.
//
// Restrictions: knows nothing of copies.

#ifndef APPCACHE_ADAPTERS_TIERED_REMOTE_LEVEL_H_
#define APPCACHE_ADAPTERS_TIERED_REMOTE_LEVEL_H_

#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/tiered/breaker.h"
#include "appcache/backend.h"
#include "appcache/clock.h"

namespace appcache::tiered {

// True when it is unknown what the remote holds after a write that ended like
// this. False for success, and for a rejection: the remote then holds nothing
// (of a value that is too large) or what it held before.
bool IsUncertain(const Status& outcome) noexcept;

// Thread-safe. Every operation is one of the remote's, or fails at once while
// the breaker is open.
//
// When the remote rejects a batch of writes, the batch is tried again in
// halves, and these in halves, so that all other entries are written, as far as
// 64 further calls suffice. If some entries are rejected and others fail, the
// failure is returned.
class RemoteLevel {
 public:
  // REQUIRES: backend != nullptr.
  RemoteLevel(std::shared_ptr<Backend> backend, const BreakerOptions& options,
              std::shared_ptr<const Clock> clock, uint64_t seed,
              Breaker::OnChange on_change)
      : backend_(NotNull(std::move(backend))),
        supports_ttl_query_(backend_->Traits().supports_ttl_query),
        breaker_(options, std::move(clock), seed, std::move(on_change)) {}

  // If false, the remaining ttl of what Get and GetMany return is unknown, and
  // given as kNoTtl.
  bool supports_ttl_query() const noexcept { return supports_ttl_query_; }

  Lookup<TimedBytes> Get(std::string_view path);
  std::vector<Lookup<TimedBytes>> GetMany(
      std::span<const std::string_view> paths);
  Lookup<Ttl> TtlOf(std::string_view path);
  Status Set(std::span<const RawEntry> entries);
  Status Invalidate(std::span<const std::string_view> paths);
  // These set `was_called`. False: the breaker did not admit the operation, and
  // nothing was changed.
  Result<bool> Add(const RawEntry& entry, bool& was_called);
  Result<bool> SetTtl(std::string_view path, Ttl ttl, bool& was_called);
  // May take long, so it is not the probe of an open breaker: a ping is.
  Status InvalidatePrefix(std::string_view path_prefix, bool& was_called);
  Status Clear(bool& was_called);
  // As InvalidatePrefix: not the probe of an open breaker.
  Status Walk(const WalkOptions& options, WalkVisitor visit);

  // Past the breaker.
  Backend& backend() const noexcept { return *backend_; }

  Breaker& breaker() noexcept { return breaker_; }
  const Breaker& breaker() const noexcept { return breaker_; }

 private:
  static std::shared_ptr<Backend> NotNull(std::shared_ptr<Backend> backend) {
    assert(backend != nullptr);
    return backend;
  }

  // `change()`, if the breaker admits it.
  template <class Change>
  Status Try(const Change& change);
  // The same for a change that may take long. If the breaker is not closed,
  // pings first.
  template <class Change>
  Status TryLong(const Change& change);
  // `change(items)`, and up to `calls` further calls for its halves. Subtracts
  // those from `calls`.
  template <class Item, class Change>
  Status TryMany(std::span<const Item> items, const Change& change, int& calls);

  const std::shared_ptr<Backend> backend_;
  const bool supports_ttl_query_;
  Breaker breaker_;
};

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_REMOTE_LEVEL_H_
