#include "adapters/tiered/remote_level.h"

namespace appcache::tiered {
namespace {

// In a batch of any size that finds ten refused entries or so.
constexpr int kMaxCallsOfHalves = 64;

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

// One failure for a batch: it was one round trip.
Status OutcomeOf(const std::vector<Lookup<TimedBytes>>& found) {
  for (const Lookup<TimedBytes>& lookup : found) {
    if (lookup.has_error()) return lookup.status();
  }
  return Status();
}

}  // namespace

bool LeavesDoubt(const Status& outcome) noexcept {
  return !outcome.ok() && !outcome.Is(ErrorCode::kTooLarge) &&
         !outcome.Is(ErrorCode::kInvalidKey) &&
         !outcome.Is(ErrorCode::kInvalidArgument) &&
         !outcome.Is(ErrorCode::kUnsupported);
}

Lookup<TimedBytes> RemoteLevel::Get(std::string_view path) {
  Breaker::Call call(breaker_);
  if (!call.admitted().ok()) {
    return Lookup<TimedBytes>::Failed(call.admitted());
  }
  Lookup<TimedBytes> found =
      tells_ttl_ ? cache_->GetTimedRaw(path) : Untimed(cache_->GetRaw(path));
  call.Note(found.status());
  return found;
}

std::vector<Lookup<TimedBytes>> RemoteLevel::GetMany(
    std::span<const std::string_view> paths) {
  Breaker::Call call(breaker_);
  if (!call.admitted().ok()) {
    return {paths.size(), Lookup<TimedBytes>::Failed(call.admitted())};
  }
  std::vector<Lookup<TimedBytes>> found =
      tells_ttl_ ? cache_->GetManyTimedRaw(paths)
                 : Untimed(cache_->GetManyRaw(paths));
  call.Note(OutcomeOf(found));
  return found;
}

Lookup<Ttl> RemoteLevel::TtlOf(std::string_view path) {
  Breaker::Call call(breaker_);
  if (!call.admitted().ok()) return Lookup<Ttl>::Failed(call.admitted());
  Lookup<Ttl> left = cache_->TtlRaw(path);
  call.Note(left.status());
  return left;
}

template <class Change>
Status RemoteLevel::Try(const Change& change) {
  Breaker::Call call(breaker_);
  if (!call.admitted().ok()) return call.admitted();
  Status status = change();
  call.Note(status);
  return status;
}

template <class Item, class Change>
Status RemoteLevel::TryMany(std::span<const Item> items, const Change& change,
                            int& calls) {
  Status status = Try([&] { return change(items); });
  if (status.ok() || LeavesDoubt(status) || items.size() == 1) return status;
  if (calls < 2) return status;
  calls -= 2;
  const size_t half = items.size() / 2;
  Status first = TryMany(items.first(half), change, calls);
  Status second = TryMany(items.subspan(half), change, calls);
  return first.ok() || (LeavesDoubt(second) && !LeavesDoubt(first)) ? second
                                                                    : first;
}

Status RemoteLevel::Set(std::span<const Cache::RawEntry> entries) {
  const auto set = [&](std::span<const Cache::RawEntry> some) {
    return some.size() == 1
               ? cache_->SetRaw(some[0].path, some[0].value, some[0].ttl)
               : cache_->SetManyRaw(some);
  };
  int calls = kMaxCallsOfHalves;
  return TryMany(entries, set, calls);
}

Result<bool> RemoteLevel::Add(const Cache::RawEntry& entry) {
  bool is_added = false;
  Status status = Try([&] {
    const Result<bool> added =
        cache_->AddRaw(entry.path, entry.value, entry.ttl);
    is_added = added.ok() && *added;
    return added.status();
  });
  if (!status.ok()) return status;
  return is_added;
}

Status RemoteLevel::Invalidate(std::span<const std::string_view> paths) {
  const auto invalidate = [&](std::span<const std::string_view> some) {
    return some.size() == 1 ? cache_->InvalidateRaw(some[0])
                            : cache_->InvalidateManyRaw(some);
  };
  int calls = kMaxCallsOfHalves;
  return TryMany(paths, invalidate, calls);
}

Status RemoteLevel::InvalidatePrefix(std::string_view path_prefix) {
  if (breaker_.state() != Breaker::State::kClosed) {
    Status alive = Try([&] { return cache_->Ping().status(); });
    if (!alive.ok()) return alive;
  }
  return Try([&] { return cache_->InvalidatePrefixRaw(path_prefix); });
}

Status RemoteLevel::Clear() {
  return Try([&] { return cache_->ClearRaw(); });
}

}  // namespace appcache::tiered
