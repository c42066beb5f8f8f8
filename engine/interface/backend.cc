// The defaults of Backend.

#include "appcache/backend.h"

#include <utility>

#include "appcache/watch.h"
#include "engine/support/fork_guard.h"

namespace appcache {
namespace {

Status Unsupported(const Backend& backend, std::string_view what) {
  return Status(ErrorCode::kUnsupported,
                "the backend " + backend.Traits().name + " does not support " +
                    std::string(what));
}

}  // namespace

Backend::Backend() noexcept : fork_generation_(internal::ForkGeneration()) {}

bool Backend::is_inherited() const noexcept {
  return fork_generation_ != internal::ForkGeneration();
}

Lookup<size_t> Backend::ViewRaw(std::string_view path, ValueVisitor visitor) {
  return GetRaw(path).Map([&](const Bytes& value) {
    visitor(value.view());
    return value.size();
  });
}

Status Backend::TrySetRaw(std::string_view path, std::string_view value,
                          Ttl ttl) {
  return SetRaw(path, value, ttl);
}

Lookup<TimedBytes> Backend::GetTimedRaw(std::string_view) {
  return WithoutExceptions<Lookup<TimedBytes>>([&] {
    return Lookup<TimedBytes>::Failed(Unsupported(*this, "ttl queries"));
  });
}

std::vector<Lookup<TimedBytes>> Backend::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<TimedBytes>> results;
  results.reserve(paths.size());
  for (const std::string_view path : paths) {
    results.push_back(GetTimedRaw(path));
  }
  return results;
}

Lookup<Ttl> Backend::TtlRaw(std::string_view) {
  return WithoutExceptions<Lookup<Ttl>>(
      [&] { return Lookup<Ttl>::Failed(Unsupported(*this, "ttl queries")); });
}

std::vector<Lookup<Bytes>> Backend::GetManyRaw(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<Bytes>> results;
  results.reserve(paths.size());
  for (const std::string_view path : paths) results.push_back(GetRaw(path));
  return results;
}

Status Backend::SetManyRaw(std::span<const RawEntry> entries) {
  Status first_error;
  for (const RawEntry& entry : entries) {
    Status status = SetRaw(entry.path, entry.value, entry.ttl);
    if (first_error.ok()) first_error = std::move(status);
  }
  return first_error;
}

Status Backend::InvalidateManyRaw(std::span<const std::string_view> paths) {
  Status first_error;
  for (const std::string_view path : paths) {
    Status status = InvalidateRaw(path);
    if (first_error.ok()) first_error = std::move(status);
  }
  return first_error;
}

Result<bool> Backend::AddRaw(std::string_view, std::string_view, Ttl) {
  return WithoutExceptions<Result<bool>>(
      [&]() -> Result<bool> { return Unsupported(*this, "add-if-absent"); });
}

Result<bool> Backend::SetTtlRaw(std::string_view path, Ttl ttl) {
  return WithoutExceptions<Result<bool>>([&]() -> Result<bool> {
    const Lookup<Bytes> found = GetRaw(path);
    if (found.has_error()) return found.status();
    if (!found) return false;
    Status stored = SetRaw(path, found->view(), ttl);
    if (!stored.ok()) return stored;
    return true;
  });
}

Status Backend::WalkRaw(const WalkOptions&, WalkVisitor) {
  return WithoutExceptions<Status>(
      [&] { return Unsupported(*this, "listing its entries"); });
}

Status Backend::InvalidatePrefixRaw(std::string_view) {
  return WithoutExceptions<Status>([&] {
    return Unsupported(*this,
                       "invalidation by prefix; use a namespace (key.h)");
  });
}

Result<std::unique_ptr<Watch>> Backend::WatchRaw(const WatchOptions&,
                                                 WatchListener&) {
  using Made = Result<std::unique_ptr<Watch>>;
  return WithoutExceptions<Made>(
      [&]() -> Made { return Unsupported(*this, "watching for changes"); });
}

Result<std::string> Backend::Ping() {
  return WithoutExceptions<Result<std::string>>([&]() -> Result<std::string> {
    const Lookup<Bytes> found = GetRaw("appcache ping");
    if (found.has_error()) return found.status();
    return std::string();
  });
}

BackendTraits Backend::Traits() const { return BackendTraits(); }

CacheStats Backend::Stats() const { return CacheStats(); }

void Backend::AbandonInChild() noexcept {}

}  // namespace appcache
