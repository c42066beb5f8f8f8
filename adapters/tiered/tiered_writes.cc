// The write path of a tier.

#include <cassert>
#include <optional>
#include <utility>

#include "adapters/tiered/tiered_backend.h"

namespace appcache::tiered {
namespace {

// The paths of entries. Allocates nothing for a single one.
class PathsOf {
 public:
  // REQUIRES: !entries.empty().
  explicit PathsOf(std::span<const RawEntry> entries) {
    assert(!entries.empty());
    first_ = entries.front().path;
    if (entries.size() == 1) return;
    paths_.reserve(entries.size());
    for (const RawEntry& entry : entries) paths_.push_back(entry.path);
  }

  std::span<const std::string_view> get() const noexcept {
    return paths_.empty() ? std::span(&first_, 1) : std::span(paths_);
  }

 private:
  std::string_view first_;
  std::vector<std::string_view> paths_;
};

}  // namespace

template <class Change>
Status TieredBackend::Apply(std::span<const std::string_view> paths,
                            const Change& change) {
  std::optional<RetryQueue::Claim> claim;
  // Nothing is thrown from here on, so that all of what follows is done.
  Status outcome = WithoutExceptions<Status>([&] {
    Result<RetryQueue::Claim> claimed = retry_queue_.ClaimQueued(paths);
    if (!claimed.ok()) return claimed.status();
    claim.emplace(*std::move(claimed));
    return change();
  });
  // All paths are queued before a copy is dropped: a fetch that does not see
  // its path in the queue has then an outdated token.
  if (IsUncertain(outcome)) {
    for (const std::string_view path : paths) QueueForRetry(path);
  }
  // Whatever the outcome, and before the call returns.
  for (const std::string_view path : paths) local_.Drop(path);
  if (outcome.ok()) claim->Settle();
  return outcome;
}

void TieredBackend::QueueForRetry(std::string_view path) noexcept {
  if (retry_queue_.Add(path)) return;
  events_.Post(TierEvent::Kind::kInvalidationLost, path);
  if (has_logged_loss_.exchange(true)) return;
  options_.cache.log(
      LogLevel::kWarning,
      "more than max_pending invalidations of the remote cache have failed; "
      "invalidated entries may be read until they expire");
}

Status TieredBackend::Announce(Status outcome,
                               std::span<const std::string_view> paths) {
  // An uncertain change is announced when it has been retried. A rejected one
  // may have removed an entry, or written others of its batch.
  if (watch_ == nullptr || IsUncertain(outcome)) return outcome;
  Status announced = watch_->Announce(paths);
  return announced.ok() ? outcome : announced;
}

// Also after a failure or a rejection: the remote may have made the change, or
// a part of it, and no retry will announce that.
Status TieredBackend::AnnounceUnretried(
    Status outcome, std::span<const std::string_view> paths) {
  if (watch_ == nullptr) return outcome;
  Status announced = watch_->Announce(paths);
  return outcome.ok() ? announced : outcome;
}

Status TieredBackend::AnnounceAll(Status outcome) {
  if (watch_ == nullptr) return outcome;
  Status announced = watch_->AnnounceAll();
  return outcome.ok() ? announced : outcome;
}

Status TieredBackend::SetRaw(std::string_view path, std::string_view value,
                             Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status TieredBackend::SetManyRaw(std::span<const RawEntry> entries) {
  Status status = Guarded<Status>([&] { return Set(entries); });
  const uint64_t failed = status.ok() ? 0 : entries.size();
  writes_.CountSets(entries.size() - failed, failed);
  return status;
}

Status TieredBackend::Set(std::span<const RawEntry> entries) {
  if (entries.empty()) return Status();
  const PathsOf paths(entries);
  return Apply(paths.get(),
               [&] { return Announce(remote_.Set(entries), paths.get()); });
}

Result<bool> TieredBackend::AddRaw(std::string_view path,
                                   std::string_view value, Ttl ttl) {
  if (!traits_.supports_add) return Backend::AddRaw(path, value, ttl);
  Result<bool> added = Guarded<Result<bool>>([&] {
    return Add({path, value, ttl});
  });
  writes_.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

// An add replaces nothing, so one that fails is not queued for retry: the entry
// may be that of another client, whose add has succeeded.
Result<bool> TieredBackend::Add(const RawEntry& entry) {
  Result<RetryQueue::Claim> claim = retry_queue_.ClaimQueued({&entry.path, 1});
  if (!claim.ok()) return claim.status();
  bool is_added = false;
  const Status status = WithoutExceptions<Status>([&] {
    // An entry that should be gone must not keep the new one out.
    Status removed = InvalidateClaimed(*claim);
    if (!removed.ok()) return removed;
    bool was_called = false;
    const Result<bool> added = remote_.Add(entry, was_called);
    is_added = added.ok() && *added;
    const bool is_unchanged = !was_called || (added.ok() && !is_added);
    return is_unchanged ? added.status()
                        : AnnounceUnretried(added.status(), {&entry.path, 1});
  });
  local_.Drop(entry.path);
  if (!status.ok()) return status;
  return is_added;
}

Result<bool> TieredBackend::SetTtlRaw(std::string_view path, Ttl ttl) {
  return Guarded<Result<bool>>([&] { return SetTtl(path, ttl); });
}

// Not queued for retry when it fails: the value is right, whatever its ttl.
Result<bool> TieredBackend::SetTtl(std::string_view path, Ttl ttl) {
  Result<RetryQueue::Claim> claim = retry_queue_.ClaimQueued({&path, 1});
  if (!claim.ok()) return claim.status();
  bool is_there = false;
  const Status status = WithoutExceptions<Status>([&] {
    // An entry that should be gone does not get a new ttl.
    Status removed = InvalidateClaimed(*claim);
    if (!removed.ok()) return removed;
    bool was_called = false;
    const Result<bool> found = remote_.SetTtl(path, ttl, was_called);
    is_there = found.ok() && *found;
    const bool is_unchanged = !was_called || (found.ok() && !is_there);
    return is_unchanged ? found.status()
                        : AnnounceUnretried(found.status(), {&path, 1});
  });
  local_.Drop(path);
  if (!status.ok()) return status;
  return is_there;
}

Status TieredBackend::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status TieredBackend::InvalidateManyRaw(
    std::span<const std::string_view> paths) {
  Status status = Guarded<Status>([&] {
    return paths.empty()
               ? Status()
               : Apply(paths, [&] { return InvalidateRemote(paths); });
  });
  const uint64_t failed = status.ok() ? 0 : paths.size();
  writes_.CountInvalidations(paths.size() - failed, failed);
  return status;
}

Status TieredBackend::InvalidateRemote(
    std::span<const std::string_view> paths) {
  return Announce(remote_.Invalidate(paths), paths);
}

Status TieredBackend::InvalidatePrefixRaw(std::string_view path_prefix) {
  if (!traits_.supports_prefix_invalidation) {
    return Backend::InvalidatePrefixRaw(path_prefix);
  }
  return Guarded<Status>([&] { return InvalidatePrefix(path_prefix); });
}

Status TieredBackend::InvalidatePrefix(std::string_view path_prefix) {
  Status status = WithoutExceptions<Status>([&] {
    bool was_called = false;
    Status removed = remote_.InvalidatePrefix(path_prefix, was_called);
    return was_called ? AnnounceAll(std::move(removed)) : removed;
  });
  local_.DropPrefix(path_prefix);
  return status;
}

Status TieredBackend::ClearRaw() {
  return Guarded<Status>([&] { return Clear(); });
}

Status TieredBackend::Clear() {
  std::optional<RetryQueue::Claim> claim;
  Status status = WithoutExceptions<Status>([&] {
    Result<RetryQueue::Claim> claimed = retry_queue_.ClaimAll();
    if (!claimed.ok()) return claimed.status();
    claim.emplace(*std::move(claimed));
    bool was_called = false;
    Status cleared = remote_.Clear(was_called);
    // A clear that was rejected has removed nothing.
    return was_called && (cleared.ok() || IsUncertain(cleared))
               ? AnnounceAll(std::move(cleared))
               : cleared;
  });
  local_.DropAll();
  local_.Clear();
  if (status.ok()) claim->Settle();
  return status;
}

Status TieredBackend::InvalidateClaimed(RetryQueue::Claim& claim) {
  if (claim.empty()) return Status();
  Status removed = InvalidateRemote(claim.paths());
  if (removed.ok()) claim.Settle();
  return removed;
}

Status TieredBackend::InvalidateQueued(
    std::span<const std::string_view> paths) {
  Result<RetryQueue::Claim> claim = retry_queue_.ClaimQueued(paths);
  return claim.ok() ? InvalidateClaimed(*claim) : claim.status();
}

}  // namespace appcache::tiered
