#include "appcache/cache.h"

#include <cassert>
#include <utility>

#include "engine/codec/coded_backend.h"
#include "engine/loading/load_manager.h"
#include "engine/loading/read_many_through.h"
#include "engine/loading/read_through.h"
#include "engine/support/fork_guard.h"

namespace appcache {
namespace {

std::shared_ptr<Backend> NotNull(std::shared_ptr<Backend> backend) {
  assert(backend != nullptr);
  return backend;
}

}  // namespace

// What a Cache is made of, besides its backend.
class internal::CacheCore {
 public:
  CacheCore(Backend& backend, const CacheOptions& options)
      : store(backend, options, [this] { return Stats(); }),
        loads(store, options),
        log(options.log) {}

  CacheStats Stats() const;

  CodedBackend store;
  LoadManager loads;
  const LogSink log;
};

CacheStats internal::CacheCore::Stats() const {
  CacheStats stats;
  try {
    stats = store.backend().Stats();
  } catch (...) {
    // The figures of the backend are then unknown.
  }
  loads.counters().AddTo(stats);
  return stats;
}

Cache::Cache(std::shared_ptr<Backend> backend, CacheOptions options)
    : prefix_(options.prefix),
      backend_(NotNull(std::move(backend))),
      core_(std::make_unique<internal::CacheCore>(*backend_, options)) {
  assert(Validate(options).ok());
}

Cache::~Cache() {
  StopLoads();
  if (backend_->is_inherited()) {
    backend_->AbandonInChild();
    internal::LeakInChild(std::move(backend_));
  }
}

void Cache::StopLoads() noexcept { core_->loads.Stop(); }

Lookup<Bytes> Cache::ReadBytes(std::string_view path) {
  return core_->store.Read(path);
}

Lookup<size_t> Cache::View(std::string_view path, ValueVisitor visitor) {
  return core_->store.View(path, visitor);
}

std::vector<Lookup<Bytes>> Cache::ReadMany(
    const std::vector<std::string_view>& paths) {
  return core_->store.ReadMany(paths);
}

Result<std::string_view> Cache::Encode(std::string_view bytes,
                                       Compression compression,
                                       Bytes& compressed) {
  return core_->store.Encode(bytes, compression, compressed);
}

Status Cache::Write(std::string_view path, std::string_view bytes, Ttl ttl,
                    Compression compression) {
  internal::Loads& loads = core_->loads.loads();
  const internal::SingleFlight::Write write(loads.flights, path);
  loads.Forget(path);
  return core_->store.Write(path, bytes, ttl, compression);
}

Status Cache::Remove(std::string_view path) {
  internal::Loads& loads = core_->loads.loads();
  const internal::SingleFlight::Write write(loads.flights, path);
  loads.Forget(path);
  return core_->store.Remove(path);
}

Status Cache::WriteMany(const std::vector<RawEntry>& entries) {
  for (const RawEntry& entry : entries) {
    if (Status valid = internal::CheckTtl(entry.ttl); !valid.ok()) return valid;
  }
  internal::Loads& loads = core_->loads.loads();
  internal::SingleFlight::WriteMany write(loads.flights);
  for (const RawEntry& entry : entries) {
    write.Supersede(entry.path);
    loads.Forget(entry.path);
  }
  return core_->store.WriteMany(entries);
}

Status Cache::RemoveMany(const std::vector<std::string_view>& paths) {
  internal::Loads& loads = core_->loads.loads();
  internal::SingleFlight::WriteMany write(loads.flights);
  for (const std::string_view path : paths) {
    write.Supersede(path);
    loads.Forget(path);
  }
  return core_->store.RemoveMany(paths);
}

Status Cache::SetByStr(std::string_view key, std::string_view value, Ttl ttl,
                       Compression compression) {
  return WithoutExceptions<Status>([&] {
    KeyPath path(prefix_);
    path.Segment(key);
    return Write(path.view(), value, ttl, compression);
  });
}

Status Cache::InvalidateByStr(std::string_view key) {
  return WithoutExceptions<Status>([&] {
    KeyPath path(prefix_);
    path.Segment(key);
    return Remove(path.view());
  });
}

Lookup<Ttl> Cache::TtlByStr(std::string_view key) {
  return TtlOf(internal::StringKey<Bytes>{key});
}

Status Cache::InvalidatePrefix(std::string_view key_prefix) {
  return WithoutExceptions<Status>([&] {
    KeyPath path(prefix_);
    path.Segment(key_prefix);
    internal::Loads& loads = core_->loads.loads();
    // It is unknown which loads the prefix concerns: none may store.
    internal::SingleFlight::WriteMany write(loads.flights);
    write.SupersedeAll();
    loads.ForgetAll();
    return backend_->InvalidatePrefixRaw(path.view());
  });
}

Status Cache::Clear() {
  return WithoutExceptions<Status>([&] {
    internal::Loads& loads = core_->loads.loads();
    internal::SingleFlight::WriteMany write(loads.flights);
    write.SupersedeAll();
    loads.ForgetAll();
    return backend_->ClearRaw();
  });
}

BackendTraits Cache::Traits() const { return backend_->Traits(); }

CacheStats Cache::Stats() const { return core_->Stats(); }

Result<std::string> Cache::Ping() {
  return WithoutExceptions<Result<std::string>>(
      [&] { return backend_->Ping(); });
}

internal::LoadAnswer Cache::Load(internal::LoadCall& call,
                                 const internal::ResolvedPath& resolved,
                                 const LoadOptions& options) {
  if (resolved.found) {
    return internal::ReadThrough(core_->loads, call, resolved.path.view(),
                                 options)
        .Run();
  }
  core_->loads.WarnNotStored(resolved.status);
  return internal::LoadAlone(core_->loads, call);
}

std::vector<internal::LoadAnswer> Cache::LoadMany(
    internal::LoadCall& call,
    const std::vector<internal::ResolvedPath>& resolved,
    const LoadOptions& options) {
  std::vector<internal::ReadManyThrough::Path> paths(resolved.size());
  for (size_t i = 0; i < resolved.size(); ++i) {
    if (resolved[i].found) paths[i].path = resolved[i].path.view();
    paths[i].status = resolved[i].status;
  }
  return internal::ReadManyThrough(core_->loads, call, paths, options).Run();
}

void Cache::Log(LogLevel level, std::string_view message) const noexcept {
  core_->log(level, message);
}

Status Cache::Unresolved(const internal::ResolvedPath& resolved,
                         std::string_view operation) const {
  if (!resolved.status.ok()) return resolved.status;
  std::string message("cannot ");
  message.append(operation).append(" a key: its namespace does not exist");
  Log(LogLevel::kWarning, message);
  return Status();
}

Status Cache::DoesNotParse() {
  return Status(ErrorCode::kCorrupt,
                "a stored value does not parse as the type of its key; was it "
                "written with another type or serialiser?");
}

}  // namespace appcache
