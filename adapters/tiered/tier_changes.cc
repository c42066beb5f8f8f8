// The way of a write.

#include <exception>

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

// After this, whatever it did at the remote, nothing throws before it is
// settled.
template <class Change>
Status Try(const Change& change, Pending::Claim& claim) noexcept {
  try {
    return change(claim);
  } catch (const std::exception&) {
    return Status::OutOfMemory();
  }
}

}  // namespace

template <class Change>
Status Tier::Make(std::span<const std::string_view> paths,
                  const Change& change) {
  Result<Pending::Claim> claim = pending_.Take(paths);
  Status outcome = claim.ok() ? Try(change, *claim) : claim.status();
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
  return Make(paths.get(), [&](Pending::Claim&) {
    return AnnounceAfter(remote_.Set(entries), paths.get());
  });
}

Result<bool> Tier::Add(const Cache::RawEntry& entry) {
  bool is_added = false;
  Status status = Make({&entry.path, 1}, [&](Pending::Claim& claim) {
    // What is to be gone is no entry that is in the way.
    Status removed = Remove(claim);
    if (!removed.ok()) return removed;
    const Result<bool> added = remote_.Add(entry);
    is_added = added.ok() && *added;
    if (added.ok() && !is_added) return Status();
    return AnnounceAfter(added.status(), {&entry.path, 1});
  });
  if (!status.ok()) return status;
  return is_added;
}

Status Tier::InvalidateRemote(std::span<const std::string_view> paths) {
  return AnnounceAfter(remote_.Invalidate(paths), paths);
}

Status Tier::Invalidate(std::span<const std::string_view> paths) {
  if (paths.empty()) return Status();
  return Make(paths, [&](Pending::Claim&) { return InvalidateRemote(paths); });
}

Status Tier::InvalidatePrefix(std::string_view path_prefix) {
  Status status = remote_.InvalidatePrefix(path_prefix);
  if (status.ok() && watch_ != nullptr) status = watch_->AnnounceAll();
  local_.DropPrefix(path_prefix);
  return status;
}

Status Tier::Clear() {
  Result<Pending::Claim> claim = pending_.TakeAll();
  Status status = claim.ok() ? remote_.Clear() : claim.status();
  if (status.ok() && watch_ != nullptr) status = watch_->AnnounceAll();
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
