#include "adapters/tiered/remote_level.h"

namespace appcache::tiered {
namespace {

// Enough to isolate about ten rejected entries in a batch of any size.
constexpr int kMaxCallsForHalves = 64;

Lookup<TimedBytes> WithoutTtl(Lookup<Bytes> found) {
  return std::move(found).Map([](Bytes value) {
    return TimedBytes{std::move(value), kNoTtl};
  });
}

std::vector<Lookup<TimedBytes>> WithoutTtl(std::vector<Lookup<Bytes>> found) {
  std::vector<Lookup<TimedBytes>> without_ttl;
  without_ttl.reserve(found.size());
  for (Lookup<Bytes>& lookup : found) {
    without_ttl.push_back(WithoutTtl(std::move(lookup)));
  }
  return without_ttl;
}

// A batch is one round trip, so it is at most one failure for the breaker.
Status OutcomeOf(const std::vector<Lookup<TimedBytes>>& found) {
  for (const Lookup<TimedBytes>& lookup : found) {
    if (lookup.has_error()) return lookup.status();
  }
  return Status();
}

}  // namespace

bool IsUncertain(const Status& outcome) noexcept {
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
  Lookup<TimedBytes> found = supports_ttl_query_
                                 ? backend_->GetTimedRaw(path)
                                 : WithoutTtl(backend_->GetRaw(path));
  call.Report(found.status());
  return found;
}

std::vector<Lookup<TimedBytes>> RemoteLevel::GetMany(
    std::span<const std::string_view> paths) {
  Breaker::Call call(breaker_);
  if (!call.admitted().ok()) {
    return {paths.size(), Lookup<TimedBytes>::Failed(call.admitted())};
  }
  std::vector<Lookup<TimedBytes>> found =
      supports_ttl_query_ ? backend_->GetManyTimedRaw(paths)
                          : WithoutTtl(backend_->GetManyRaw(paths));
  call.Report(OutcomeOf(found));
  return found;
}

Lookup<Ttl> RemoteLevel::TtlOf(std::string_view path) {
  Breaker::Call call(breaker_);
  if (!call.admitted().ok()) return Lookup<Ttl>::Failed(call.admitted());
  Lookup<Ttl> remaining_ttl = backend_->TtlRaw(path);
  call.Report(remaining_ttl.status());
  return remaining_ttl;
}

template <class Change>
Status RemoteLevel::Try(const Change& change) {
  Breaker::Call call(breaker_);
  if (!call.admitted().ok()) return call.admitted();
  Status status = change();
  call.Report(status);
  return status;
}

template <class Item, class Change>
Status RemoteLevel::TryMany(std::span<const Item> items, const Change& change,
                            int& calls) {
  Status status = Try([&] { return change(items); });
  if (status.ok() || IsUncertain(status) || items.size() == 1) return status;
  if (calls < 2) return status;
  calls -= 2;
  const size_t half = items.size() / 2;
  Status first = TryMany(items.first(half), change, calls);
  Status second = TryMany(items.subspan(half), change, calls);
  return first.ok() || (IsUncertain(second) && !IsUncertain(first)) ? second
                                                                    : first;
}

Status RemoteLevel::Set(std::span<const RawEntry> entries) {
  const auto set = [&](std::span<const RawEntry> some) {
    return some.size() == 1
               ? backend_->SetRaw(some[0].path, some[0].value, some[0].ttl)
               : backend_->SetManyRaw(some);
  };
  int calls = kMaxCallsForHalves;
  return TryMany(entries, set, calls);
}

Result<bool> RemoteLevel::Add(const RawEntry& entry, bool& was_called) {
  bool is_added = false;
  was_called = false;
  Status status = Try([&] {
    was_called = true;
    const Result<bool> added =
        backend_->AddRaw(entry.path, entry.value, entry.ttl);
    is_added = added.ok() && *added;
    return added.status();
  });
  if (!status.ok()) return status;
  return is_added;
}

Status RemoteLevel::Invalidate(std::span<const std::string_view> paths) {
  const auto invalidate = [&](std::span<const std::string_view> some) {
    return some.size() == 1 ? backend_->InvalidateRaw(some[0])
                            : backend_->InvalidateManyRaw(some);
  };
  int calls = kMaxCallsForHalves;
  return TryMany(paths, invalidate, calls);
}

template <class Change>
Status RemoteLevel::TryLong(const Change& change) {
  if (breaker_.state() != Breaker::State::kClosed) {
    Status alive = Try([&] { return backend_->Ping().status(); });
    if (!alive.ok()) return alive;
  }
  return Try(change);
}

Status RemoteLevel::InvalidatePrefix(std::string_view path_prefix,
                                     bool& was_called) {
  was_called = false;
  return TryLong([&] {
    was_called = true;
    return backend_->InvalidatePrefixRaw(path_prefix);
  });
}

Status RemoteLevel::Walk(const WalkOptions& options, WalkVisitor visit) {
  return TryLong([&] { return backend_->WalkRaw(options, visit); });
}

Result<bool> RemoteLevel::SetTtl(std::string_view path, Ttl ttl,
                                 bool& was_called) {
  bool is_there = false;
  was_called = false;
  Status status = Try([&] {
    was_called = true;
    const Result<bool> found = backend_->SetTtlRaw(path, ttl);
    is_there = found.ok() && *found;
    return found.status();
  });
  if (!status.ok()) return status;
  return is_there;
}

Status RemoteLevel::Clear(bool& was_called) {
  was_called = false;
  return Try([&] {
    was_called = true;
    return backend_->ClearRaw();
  });
}

}  // namespace appcache::tiered
