#include "adapters/tiered/local_level.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <functional>
#include <utility>

#include "engine/support/approximate_time.h"

namespace appcache::tiered {
namespace {

// The answer that a copy gives at `now`. Throws std::bad_alloc when others hold
// the record, too.
Lookup<TimedBytes> ToLookup(Bytes record, const CopyTrailer& copy,
                            TimePoint now, Origin origin) {
  Lookup<TimedBytes> found = Lookup<TimedBytes>::Miss();
  if (!copy.is_absence) {
    Ttl remaining_ttl = kNoTtl;
    if (copy.expires_at != TimePoint::max()) {
      remaining_ttl =
          std::max(std::chrono::floor<Ttl>(copy.expires_at - now), Ttl(1));
    }
    record.RemoveSuffix(kTrailerBytes);
    found = Lookup<TimedBytes>::Hit({std::move(record), remaining_ttl});
  }
  found.set_origin(origin);
  return found;
}

}  // namespace

LocalLevel::LocalLevel(std::shared_ptr<Backend> backend,
                       std::string path_prefix, const TieredOptions& options,
                       std::shared_ptr<const Clock> clock, Lease& lease)
    : backend_(std::move(backend)),
      path_prefix_(std::move(path_prefix)),
      max_local_ttl_(options.max_local_ttl == kNoTtl ? kMaxTtl
                                                     : options.max_local_ttl),
      untracked_ttl_(options.untracked_ttl),
      absence_ttl_(options.absence_ttl),
      clock_(std::move(clock)),
      lease_(lease),
      stripes_(std::make_unique<std::array<Stripe, kStripes>>()) {
  assert(backend_ != nullptr);
}

LocalLevel::Stripe& LocalLevel::StripeOf(std::string_view path) const noexcept {
  return (*stripes_)[std::hash<std::string_view>()(path) % kStripes];
}

std::optional<Lookup<TimedBytes>> LocalLevel::Serve(Lookup<Bytes> record,
                                                    const Lease::Terms& terms,
                                                    TimePoint now) const {
  if (!record) return std::nullopt;
  const std::optional<CopyTrailer> copy = DecodeTrailer(record->view());
  if (!copy || copy->epoch != terms.epoch) return std::nullopt;
  if (now >= copy->served_until) return std::nullopt;
  return ToLookup(*std::move(record), *copy, now,
                  terms.is_fresh ? Origin::kCopy : Origin::kStaleCopy);
}

std::optional<LocalLevel::UpperBound> LocalLevel::BoundFor(
    std::string_view path) const noexcept {
  if (!IsOurs(path)) return std::nullopt;
  UpperBound bound;
  bound.time = clock_->Approximate() + internal::kMostEarly;
  bound.terms = lease_.At(bound.time);
  if (!bound.terms.is_fresh) return std::nullopt;
  return bound;
}

bool LocalLevel::MayServe(std::string_view record,
                          const UpperBound& bound) noexcept {
  const std::optional<CopyTrailer> copy = DecodeTrailer(record);
  if (!copy || copy->is_absence) return false;
  return copy->epoch == bound.terms.epoch && bound.time < copy->served_until;
}

LocalLevel::Quick LocalLevel::FindQuickly(std::string_view path, Bytes& value) {
  const std::optional<UpperBound> bound = BoundFor(path);
  if (!bound) return Quick::kUnclear;
  Lookup<Bytes> record = backend_->GetRaw(path);
  if (!record) return record.has_error() ? Quick::kUnclear : Quick::kNoCopy;
  if (!MayServe(record->view(), *bound)) return Quick::kUnclear;
  value = *std::move(record);
  value.RemoveSuffix(kTrailerBytes);
  return Quick::kServed;
}

LocalLevel::Quick LocalLevel::ViewQuickly(std::string_view path,
                                          ValueVisitor visitor) {
  const std::optional<UpperBound> bound = BoundFor(path);
  if (!bound) return Quick::kUnclear;
  bool is_served = false;
  const Lookup<size_t> found =
      backend_->ViewRaw(path, [&](std::string_view record) {
        if (!MayServe(record, *bound)) return;
        is_served = true;
        record.remove_suffix(kTrailerBytes);
        visitor(record);
      });
  if (is_served) return Quick::kServed;
  return found || found.has_error() ? Quick::kUnclear : Quick::kNoCopy;
}

std::optional<Lookup<TimedBytes>> LocalLevel::Find(std::string_view path) {
  if (!IsOurs(path)) return std::nullopt;
  const TimePoint now = clock_->Now();
  const Lease::Terms terms = lease_.At(now);
  if (!terms.may_serve) return std::nullopt;
  return Serve(backend_->GetRaw(path), terms, now);
}

std::vector<std::optional<Lookup<TimedBytes>>> LocalLevel::FindMany(
    std::span<const std::string_view> paths) {
  std::vector<std::optional<Lookup<TimedBytes>>> found(paths.size());
  const TimePoint now = clock_->Now();
  const Lease::Terms terms = lease_.At(now);
  if (!terms.may_serve) return found;
  std::vector<std::string_view> ours;
  std::vector<size_t> indices;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!IsOurs(paths[i])) continue;
    ours.push_back(paths[i]);
    indices.push_back(i);
  }
  std::vector<Lookup<Bytes>> records = backend_->GetManyRaw(ours);
  for (size_t i = 0; i < records.size() && i < indices.size(); ++i) {
    found[indices[i]] = Serve(std::move(records[i]), terms, now);
  }
  return found;
}

std::optional<Lookup<TimedBytes>> LocalLevel::FindLastResort(
    std::string_view path) {
  if (!IsOurs(path)) return std::nullopt;
  const TimePoint now = clock_->Now();
  Lookup<Bytes> record = backend_->GetRaw(path);
  if (!record) return std::nullopt;
  const std::optional<CopyTrailer> copy = DecodeTrailer(record->view());
  if (!copy || !lease_.IsLastResort(copy->epoch)) return std::nullopt;
  if (now >= copy->served_until) return std::nullopt;
  return ToLookup(*std::move(record), *copy, now, Origin::kStaleCopy);
}

LocalLevel::Token LocalLevel::BeginFetch(std::string_view path) const noexcept {
  // The epoch comes first: if there is a new link in between, it is an old one.
  const uint64_t epoch = lease_.epoch();
  return {StripeOf(path).version.load(std::memory_order_acquire), epoch,
          clock_->Now()};
}

bool LocalLevel::IsCurrent(std::string_view path,
                           const Token& token) const noexcept {
  return StripeOf(path).version.load(std::memory_order_acquire) ==
             token.version &&
         lease_.epoch() == token.epoch;
}

TimePoint LocalLevel::ServedUntil(bool is_absence, TimePoint begun,
                                  TimePoint expires_at,
                                  bool has_ttl) const noexcept {
  Ttl life =
      is_absence ? std::min(absence_ttl_, max_local_ttl_) : max_local_ttl_;
  if (!has_ttl || !lease_.is_linked()) life = std::min(life, untracked_ttl_);
  return std::min(begun + life, expires_at);
}

LocalLevel::Stored LocalLevel::Store(std::string_view path, const Token& token,
                                     const Lookup<TimedBytes>& fetched,
                                     bool has_ttl) {
  if (!IsOurs(path) || fetched.has_error() || !lease_.may_store()) {
    return Stored::kNo;
  }
  const bool is_absence = !fetched.is_hit();
  // The remote measured the remaining ttl after the fetch began, so the entry
  // does not expire before this.
  const TimePoint expires_at =
      is_absence || fetched->remaining_ttl == kNoTtl
          ? TimePoint::max()
          : token.begun + std::min(fetched->remaining_ttl, kMaxTtl);
  const TimePoint served_until =
      ServedUntil(is_absence, token.begun, expires_at, has_ttl);
  // This ttl only frees room: the local cache may have another clock.
  const Ttl ttl = std::chrono::ceil<Ttl>(served_until - clock_->Now());
  if (ttl <= kNoTtl) return Stored::kNo;
  const std::string record =
      EncodeCopy(is_absence ? std::string_view() : fetched->value.view(),
                 {.epoch = token.epoch,
                  .served_until = served_until,
                  .expires_at = expires_at,
                  .is_absence = is_absence});
  Stripe& stripe = StripeOf(path);
  internal::MutexLock guard(stripe.mutex);
  if (!IsCurrent(path, token)) return Stored::kOutdated;
  // Not SetRaw: a fill that waits would keep notifications waiting.
  const Status status =
      backend_->TrySetRaw(path, record, std::min(ttl, kMaxTtl));
  // The local cache may still store it after a change has dropped the path.
  if (status.Is(ErrorCode::kTimeout)) lease_.ForgetAll();
  return status.ok() ? Stored::kYes : Stored::kNo;
}

void LocalLevel::Drop(std::string_view path) noexcept {
  Stripe& stripe = StripeOf(path);
  internal::MutexLock guard(stripe.mutex);
  // Also for a path that is not copied: the version decides which of its
  // fetches are shared.
  stripe.version.fetch_add(1, std::memory_order_acq_rel);
  if (!IsOurs(path)) return;
  const Status dropped = WithoutExceptions<Status>([&] {
    // Most entries that others change have no copy here, and to find that out
    // is cheaper than to remove one.
    const Lookup<Ttl> found = backend_->TtlRaw(path);
    const bool is_absent = !found && !found.has_error();
    return is_absent ? Status() : backend_->InvalidateRaw(path);
  });
  if (!dropped.ok()) lease_.ForgetAll();
}

void LocalLevel::DropPrefix(std::string_view prefix) noexcept {
  for (Stripe& stripe : *stripes_) {
    internal::MutexLock guard(stripe.mutex);
    stripe.version.fetch_add(1, std::memory_order_acq_rel);
  }
  // What is stored from here on has been fetched after the change.
  const bool may_have_copies =
      IsOurs(prefix) || std::string_view(path_prefix_).starts_with(prefix);
  if (!may_have_copies) return;
  const Status dropped = WithoutExceptions<Status>(
      [&] { return backend_->InvalidatePrefixRaw(prefix); });
  if (!dropped.ok()) lease_.ForgetAll();
}

void LocalLevel::Clear() noexcept {
  const Status cleared =
      WithoutExceptions<Status>([&] { return backend_->ClearRaw(); });
  (void)cleared;  // the copies are not served in any case
}

}  // namespace appcache::tiered
