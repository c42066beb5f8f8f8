#include "adapters/tiered/remote_level.h"

namespace appcache::tiered {
namespace {

Lookup<TimedBytes> Untimed(Lookup<Bytes> found) {
  if (found) return Lookup<TimedBytes>::Hit({*std::move(found), kNoTtl});
  return found.has_error() ? Lookup<TimedBytes>::Failed(found.status())
                           : Lookup<TimedBytes>::Miss();
}

std::vector<Lookup<TimedBytes>> Untimed(std::vector<Lookup<Bytes>> found) {
  std::vector<Lookup<TimedBytes>> untimed;
  untimed.reserve(found.size());
  for (Lookup<Bytes>& lookup : found) {
    untimed.push_back(Untimed(std::move(lookup)));
  }
  return untimed;
}

}  // namespace

Lookup<TimedBytes> RemoteLevel::Get(std::string_view path) {
  if (Status admitted = breaker_.Admit(); !admitted.ok()) {
    return Lookup<TimedBytes>::Failed(std::move(admitted));
  }
  Lookup<TimedBytes> found =
      tells_ttl_ ? cache_->GetTimedRaw(path) : Untimed(cache_->GetRaw(path));
  breaker_.Note(found.status());
  return found;
}

std::vector<Lookup<TimedBytes>> RemoteLevel::GetMany(
    std::span<const std::string_view> paths) {
  if (Status admitted = breaker_.Admit(); !admitted.ok()) {
    return {paths.size(), Lookup<TimedBytes>::Failed(std::move(admitted))};
  }
  std::vector<Lookup<TimedBytes>> found =
      tells_ttl_ ? cache_->GetManyTimedRaw(paths)
                 : Untimed(cache_->GetManyRaw(paths));
  // One failure for the batch: it was one round trip.
  Status outcome;
  for (const Lookup<TimedBytes>& lookup : found) {
    if (outcome.ok()) outcome = lookup.status();
  }
  breaker_.Note(outcome);
  return found;
}

Lookup<Ttl> RemoteLevel::TtlOf(std::string_view path) {
  if (Status admitted = breaker_.Admit(); !admitted.ok()) {
    return Lookup<Ttl>::Failed(std::move(admitted));
  }
  Lookup<Ttl> left = cache_->TtlRaw(path);
  breaker_.Note(left.status());
  return left;
}

Status RemoteLevel::Set(std::span<const Cache::RawEntry> entries) {
  Status status = breaker_.Admit();
  if (!status.ok()) return status;
  status =
      entries.size() == 1
          ? cache_->SetRaw(entries[0].path, entries[0].value, entries[0].ttl)
          : cache_->SetManyRaw(entries);
  breaker_.Note(status);
  return status;
}

Result<bool> RemoteLevel::Add(const Cache::RawEntry& entry) {
  Status admitted = breaker_.Admit();
  if (!admitted.ok()) return admitted;
  Result<bool> added = cache_->AddRaw(entry.path, entry.value, entry.ttl);
  breaker_.Note(added.status());
  return added;
}

Status RemoteLevel::Invalidate(std::span<const std::string_view> paths) {
  Status status = breaker_.Admit();
  if (!status.ok()) return status;
  status = paths.size() == 1 ? cache_->InvalidateRaw(paths[0])
                             : cache_->InvalidateManyRaw(paths);
  breaker_.Note(status);
  return status;
}

Status RemoteLevel::Clear() {
  Status status = breaker_.Admit();
  if (!status.ok()) return status;
  status = cache_->ClearRaw();
  breaker_.Note(status);
  return status;
}

}  // namespace appcache::tiered
