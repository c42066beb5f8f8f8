// The way of a write.

#include <exception>
#include <optional>

#include "adapters/tiered/tier.h"

namespace appcache::tiered {
namespace {

// The paths of entries; of a single one without an allocation.
class PathsOf {
 public:
  explicit PathsOf(std::span<const Cache::RawEntry> entries)
      : first_(entries.front().path) {
    if (entries.size() == 1) return;
    paths_.reserve(entries.size());
    for (const Cache::RawEntry& entry : entries) paths_.push_back(entry.path);
  }

  std::span<const std::string_view> get() const noexcept {
    return paths_.empty() ? std::span(&first_, 1) : std::span(paths_);
  }

 private:
  const std::string_view first_;
  std::vector<std::string_view> paths_;
};

// Whatever it did at the remote: what comes after it does not throw, so that
// all of it is settled.
template <class Change>
Status Caught(const Change& change) noexcept {
  try {
    return change();
  } catch (const std::exception&) {
    return Status::OutOfMemory();
  }
}

}  // namespace

template <class Change>
Status Tier::Make(std::span<const std::string_view> paths,
                  const Change& change) {
  std::optional<Pending::Claim> claim;
  Status outcome = Caught([&] {
    Result<Pending::Claim> taken = pending_.Take(paths);
    if (!taken.ok()) return taken.status();
    claim.emplace(*std::move(taken));
    return change();
  });
  // What is pending before its copy is dropped: a fetch that does not see the
  // one has been overtaken by the other.
  if (LeavesDoubt(outcome)) {
    for (const std::string_view path : paths) AddPending(path);
  }
  // Before the call returns, whatever became of it.
  for (const std::string_view path : paths) local_.Drop(path);
  if (outcome.ok()) claim->Settle();
  return outcome;
}

void Tier::AddPending(std::string_view path) noexcept {
  if (pending_.Add(path)) return;
  events_.Post(TierEvent::Kind::kInvalidationLost, path);
  if (has_logged_loss_.exchange(true)) return;
  options_.cache.log(
      LogLevel::kWarning,
      "more invalidations have failed than max_pending; entries that should be "
      "gone may be read from the remote until their ttls end");
}

Status Tier::AnnounceAfter(Status outcome,
                           std::span<const std::string_view> paths) {
  // What is in doubt is announced when it has been repeated. A refusal may have
  // removed the entry, and others of its batch have been written.
  if (watch_ == nullptr || LeavesDoubt(outcome)) return outcome;
  Status announced = watch_->Announce(paths);
  return announced.ok() ? outcome : announced;
}

Status Tier::Set(std::span<const Cache::RawEntry> entries) {
  if (entries.empty()) return Status();
  const PathsOf paths(entries);
  return Make(paths.get(),
              [&] { return AnnounceAfter(remote_.Set(entries), paths.get()); });
}

// It replaces nothing. One that failed is not pending: what is there may be the
// entry of another, who has been told that it was added.
Result<bool> Tier::Add(const Cache::RawEntry& entry) {
  Result<Pending::Claim> claim = pending_.Take({&entry.path, 1});
  if (!claim.ok()) return claim.status();
  bool is_added = false;
  const Status status = Caught([&] {
    // What is to be gone is no entry that is in the way.
    Status removed = Remove(*claim);
    if (!removed.ok()) return removed;
    const Result<bool> added = remote_.Add(entry);
    is_added = added.ok() && *added;
    if (added.ok() && !is_added) return Status();
    return AnnounceAfter(added.status(), {&entry.path, 1});
  });
  local_.Drop(entry.path);
  if (!status.ok()) return status;
  return is_added;
}

Status Tier::InvalidateRemote(std::span<const std::string_view> paths) {
  return AnnounceAfter(remote_.Invalidate(paths), paths);
}

Status Tier::Invalidate(std::span<const std::string_view> paths) {
  if (paths.empty()) return Status();
  return Make(paths, [&] { return InvalidateRemote(paths); });
}

Status Tier::InvalidatePrefix(std::string_view path_prefix) {
  Status status = Caught([&] {
    Status removed = remote_.InvalidatePrefix(path_prefix);
    return removed.ok() && watch_ != nullptr ? watch_->AnnounceAll() : removed;
  });
  local_.DropPrefix(path_prefix);
  return status;
}

Status Tier::Clear() {
  std::optional<Pending::Claim> claim;
  Status status = Caught([&] {
    Result<Pending::Claim> taken = pending_.TakeAll();
    if (!taken.ok()) return taken.status();
    claim.emplace(*std::move(taken));
    Status cleared = remote_.Clear();
    return cleared.ok() && watch_ != nullptr ? watch_->AnnounceAll() : cleared;
  });
  local_.DropAll();
  // For the room: none of it is served any more.
  (void)local_.cache().ClearRaw().ok();
  if (status.ok()) claim->Settle();
  return status;
}

Status Tier::Remove(Pending::Claim& claim) {
  if (claim.empty()) return Status();
  Status removed = InvalidateRemote(claim.paths());
  if (removed.ok()) claim.Settle();
  return removed;
}

Status Tier::RemovePending(std::span<const std::string_view> paths) {
  Result<Pending::Claim> claim = pending_.Take(paths);
  return claim.ok() ? Remove(*claim) : claim.status();
}

}  // namespace appcache::tiered
