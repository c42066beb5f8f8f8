// The way of a write.

#include <exception>

#include "adapters/tiered/tier.h"

namespace appcache::tiered {
namespace {

// Whether the remote may have something else than what the writer of so many
// paths knows of. Not when it has refused: of a value that is too large it has
// nothing, and otherwise what it had. But of many paths one may have been
// refused, and the others failed.
bool LeavesDoubt(const Status& outcome, size_t path_count) {
  if (outcome.ok()) return false;
  return path_count > 1 || !(outcome.Is(ErrorCode::kTooLarge) ||
                             outcome.Is(ErrorCode::kInvalidKey) ||
                             outcome.Is(ErrorCode::kInvalidArgument) ||
                             outcome.Is(ErrorCode::kUnsupported));
}

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
  if (LeavesDoubt(outcome, paths.size())) {
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

Status Tier::Announce(std::span<const std::string_view> paths) {
  return watch_ != nullptr ? watch_->Announce(paths) : Status();
}

Status Tier::Set(std::span<const Cache::RawEntry> entries) {
  if (entries.empty()) return Status();
  const PathsOf paths(entries);
  return Make(paths.get(), [&](Pending::Claim&) {
    Status status = remote_.Set(entries);
    return status.ok() ? Announce(paths.get()) : status;
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
    return is_added ? Announce({&entry.path, 1}) : added.status();
  });
  if (!status.ok()) return status;
  return is_added;
}

Status Tier::InvalidateRemote(std::span<const std::string_view> paths) {
  Status status = remote_.Invalidate(paths);
  return status.ok() ? Announce(paths) : status;
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
