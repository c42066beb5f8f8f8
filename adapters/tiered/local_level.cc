#include "adapters/tiered/local_level.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace appcache::tiered {
namespace {

// Not when it throws, as a backend may that is not ours.
template <class IsSo>
bool IsTrue(const IsSo& is_so) noexcept {
  try {
    return is_so();
  } catch (...) {
    return false;
  }
}

}  // namespace

LocalLevel::LocalLevel(std::shared_ptr<Cache> cache, std::string path_prefix,
                       const TieredOptions& options,
                       std::shared_ptr<const Clock> clock, Lease& lease)
    : cache_(std::move(cache)),
      path_prefix_(std::move(path_prefix)),
      max_local_ttl_(options.max_local_ttl == kNoTtl ? kMaxTtl
                                                     : options.max_local_ttl),
      untracked_ttl_(options.untracked_ttl),
      absence_ttl_(options.absence_ttl),
      clock_(std::move(clock)),
      lease_(lease),
      stripes_(std::make_unique<std::array<Stripe, kStripes>>()) {}

LocalLevel::Stripe& LocalLevel::StripeOf(std::string_view path) const noexcept {
  return (*stripes_)[std::hash<std::string_view>()(path) % kStripes];
}

std::optional<LocalLevel::Found> LocalLevel::Judge(Lookup<Bytes> record,
                                                   const Lease::Terms& terms,
                                                   TimePoint now) {
  if (!record) return std::nullopt;
  std::optional<Copy> copy = DecodeCopy(*std::move(record));
  if (!copy || copy->epoch != terms.epoch) return std::nullopt;
  if (now >= copy->kept_until) return std::nullopt;
  return Found{*std::move(copy), !terms.is_fresh};
}

std::optional<LocalLevel::Found> LocalLevel::Find(std::string_view path) {
  if (!IsOurs(path)) return std::nullopt;
  const TimePoint now = clock_->Now();
  const Lease::Terms terms = lease_.At(now);
  if (!terms.may_serve) return std::nullopt;
  return Judge(cache_->GetRaw(path), terms, now);
}

std::vector<std::optional<LocalLevel::Found>> LocalLevel::FindMany(
    std::span<const std::string_view> paths) {
  std::vector<std::optional<Found>> found(paths.size());
  const TimePoint now = clock_->Now();
  const Lease::Terms terms = lease_.At(now);
  if (!terms.may_serve) return found;
  std::vector<std::string_view> ours;
  std::vector<size_t> places;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (!IsOurs(paths[i])) continue;
    ours.push_back(paths[i]);
    places.push_back(i);
  }
  std::vector<Lookup<Bytes>> records = cache_->GetManyRaw(ours);
  for (size_t i = 0; i < records.size() && i < places.size(); ++i) {
    found[places[i]] = Judge(std::move(records[i]), terms, now);
  }
  return found;
}

std::optional<Copy> LocalLevel::LastResort(std::string_view path) {
  if (!IsOurs(path)) return std::nullopt;
  const TimePoint now = clock_->Now();
  Lookup<Bytes> record = cache_->GetRaw(path);
  if (!record) return std::nullopt;
  std::optional<Copy> copy = DecodeCopy(*std::move(record));
  if (!copy || !lease_.IsLastResort(copy->epoch)) return std::nullopt;
  if (now >= copy->kept_until) return std::nullopt;
  return copy;
}

LocalLevel::Token LocalLevel::BeginFetch(std::string_view path) const noexcept {
  // The epoch first: a link that comes between makes it an old one.
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

TimePoint LocalLevel::KeepUntil(bool is_absence, TimePoint begun,
                                TimePoint ends_at,
                                bool ttl_is_told) const noexcept {
  Ttl keep =
      is_absence ? std::min(absence_ttl_, max_local_ttl_) : max_local_ttl_;
  if (!ttl_is_told || !lease_.is_linked()) {
    keep = std::min(keep, untracked_ttl_);
  }
  return std::min(begun + keep, ends_at);
}

LocalLevel::Kept LocalLevel::Keep(std::string_view path, const Token& token,
                                  const Lookup<TimedBytes>& fetched,
                                  bool ttl_is_told) {
  if (!IsOurs(path) || fetched.has_error() || !lease_.takes_copies()) {
    return Kept::kNo;
  }
  const bool is_absence = !fetched.is_hit();
  // The remote read it after the fetch began, so it cannot end before this.
  const TimePoint ends_at =
      is_absence || fetched->left == kNoTtl
          ? TimePoint::max()
          : token.begun + std::min(fetched->left, kMaxTtl);
  const TimePoint kept_until =
      KeepUntil(is_absence, token.begun, ends_at, ttl_is_told);
  // The local cache's own clock may go another way: this only makes room.
  const Ttl ttl = std::chrono::ceil<Ttl>(kept_until - clock_->Now());
  if (ttl <= kNoTtl) return Kept::kNo;
  const std::string record =
      EncodeCopy(is_absence ? std::string_view() : fetched->value.view(),
                 {.epoch = token.epoch,
                  .kept_until = kept_until,
                  .ends_at = ends_at,
                  .is_absence = is_absence});
  Stripe& stripe = StripeOf(path);
  std::lock_guard<std::mutex> guard(stripe.mutex);
  if (!IsCurrent(path, token)) return Kept::kOvertaken;
  const Status status = cache_->SetRaw(path, record, std::min(ttl, kMaxTtl));
  // It may come to be there when a change has looked for it in vain.
  if (status.Is(ErrorCode::kTimeout)) lease_.ForgetAll();
  return status.ok() ? Kept::kYes : Kept::kNo;
}

void LocalLevel::DropPrefix(std::string_view prefix) noexcept {
  for (Stripe& stripe : *stripes_) {
    std::lock_guard<std::mutex> guard(stripe.mutex);
    stripe.version.fetch_add(1, std::memory_order_acq_rel);
  }
  // What is kept from now on has been fetched from now on.
  const bool are_ours =
      IsOurs(prefix) || std::string_view(path_prefix_).starts_with(prefix);
  const auto is_dropped = [&] {
    return cache_->InvalidatePrefixRaw(prefix).ok();
  };
  if (are_ours && !IsTrue(is_dropped)) lease_.ForgetAll();
}

void LocalLevel::Drop(std::string_view path) noexcept {
  Stripe& stripe = StripeOf(path);
  std::lock_guard<std::mutex> guard(stripe.mutex);
  // Also of a path that is not kept: its fetches are joined under the version.
  stripe.version.fetch_add(1, std::memory_order_acq_rel);
  if (!IsOurs(path)) return;
  const auto is_dropped = [&] {
    // Most of what others change is not here, and to see that is cheaper than
    // to remove it.
    const Lookup<Ttl> there = cache_->TtlRaw(path);
    const bool is_absent = !there && !there.has_error();
    return is_absent || cache_->InvalidateRaw(path).ok();
  };
  if (!IsTrue(is_dropped)) lease_.ForgetAll();
}

}  // namespace appcache::tiered
