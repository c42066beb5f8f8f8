#include "adapters/memcache/memcache_backend.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "adapters/memcache/add_request.h"
#include "adapters/memcache/broadcast.h"
#include "adapters/memcache/delete_request.h"
#include "adapters/memcache/exptime.h"
#include "adapters/memcache/get_request.h"
#include "adapters/memcache/item.h"
#include "adapters/memcache/key_maker.h"
#include "adapters/memcache/options.h"
#include "adapters/memcache/read_items.h"
#include "adapters/memcache/timed_get_request.h"
#include "adapters/memcache/touch_request.h"
#include "adapters/memcache/traits.h"
#include "adapters/memcache/write_items.h"
#include "adapters/net/server_text.h"

namespace appcache::memcache {
namespace {

// An absolute exptime is a time of the wall clock.
TimePoint WallNow() {
  return std::chrono::time_point_cast<TimePoint::duration>(
      std::chrono::system_clock::now());
}

// The keys of a batch. `path_of` returns the path of an element.
template <class T, class PathOf>
KeyMaker KeysOf(std::span<const T> batch, PathOf path_of, Servers& servers,
                const net::Deadline& deadline) {
  KeyMaker keys(servers, deadline);
  for (const T& element : batch) keys.Expect(std::invoke(path_of, element));
  keys.AskServers();
  return keys;
}

Result<WireKey> KeyOf(std::string_view path, Servers& servers,
                      const net::Deadline& deadline) {
  return KeysOf(std::span<const std::string_view>(&path, 1), std::identity(),
                servers, deadline)
      .KeyOf(path);
}

}  // namespace

Result<std::unique_ptr<MemcacheBackend>> MemcacheBackend::Make(
    const MemcacheCacheOptions& options) {
  if (Status valid = Validate(options); !valid.ok()) return valid;
  auto servers = std::make_unique<Servers>(options);
  BackendTraits traits = TraitsOf(options, servers->Location());
  return std::unique_ptr<MemcacheBackend>(new MemcacheBackend(
      std::move(servers), std::move(traits), options.max_item_bytes));
}

MemcacheBackend::MemcacheBackend(std::unique_ptr<Servers> servers,
                                 BackendTraits traits, uint64_t max_item_bytes)
    : servers_(std::move(servers)),
      traits_(std::move(traits)),
      max_item_bytes_(max_item_bytes) {}

Status MemcacheBackend::CheckPath(std::string_view path) const {
  if (path.size() <= traits_.max_key_bytes) return Status();
  return Status(ErrorCode::kInvalidKey,
                "the key path has " + std::to_string(path.size()) +
                    " bytes; a MemcacheCache accepts at most " +
                    std::to_string(traits_.max_key_bytes));
}

SetItem MemcacheBackend::ToItem(const WireKey& key, const RawEntry& entry,
                                TimePoint now) const {
  return {key, entry.value, ExpTime(entry.ttl, now),
          ItemBytes(key, entry.value.size()) > max_item_bytes_};
}

// --- Reads.

template <class Get, class V, class... Options>
Lookup<V> MemcacheBackend::GetOne(std::string_view path, Options... options) {
  return WithoutExceptions<Lookup<V>>([&] {
    if (Status valid = CheckPath(path); !valid.ok()) {
      return Lookup<V>::Failed(std::move(valid));
    }
    const net::Deadline deadline = servers_->NewDeadline();
    const Result<WireKey> key = KeyOf(path, *servers_, deadline);
    if (!key.ok()) return Lookup<V>::Failed(key.status());
    Lookup<V> found = Lookup<V>::Miss();
    ReadItem<Get>(*servers_, GetItem<V>{*key, &found}, deadline, options...);
    return found;
  });
}

template <class Get, class V>
std::vector<Lookup<V>> MemcacheBackend::GetMany(
    std::span<const std::string_view> paths) {
  std::vector<Lookup<V>> found(paths.size(), Lookup<V>::Miss());
  const Status status = WithoutExceptions<Status>([&] {
    for (const std::string_view path : paths) {
      if (Status valid = CheckPath(path); !valid.ok()) return valid;
    }
    const net::Deadline deadline = servers_->NewDeadline();
    const KeyMaker keys = KeysOf(paths, std::identity(), *servers_, deadline);
    const auto make_item = [&](size_t i) -> Result<GetItem<V>> {
      const Result<WireKey> key = keys.KeyOf(paths[i]);
      if (!key.ok()) return key.status();
      return GetItem<V>{*key, &found[i]};
    };
    const auto fail = [&](size_t i, const Status& failure) {
      found[i] = Lookup<V>::Failed(failure);
    };
    ReadItems<Get>(*servers_, paths.size(), deadline, make_item, fail);
    return Status();
  });
  if (!status.ok()) found.assign(paths.size(), Lookup<V>::Failed(status));
  for (const Lookup<V>& lookup : found) counters_.CountRead(lookup);
  return found;
}

Lookup<Bytes> MemcacheBackend::GetRaw(std::string_view path) {
  Lookup<Bytes> found = GetOne<GetRequest, Bytes>(path);
  counters_.CountRead(found);
  return found;
}

Lookup<TimedBytes> MemcacheBackend::GetTimedRaw(std::string_view path) {
  Lookup<TimedBytes> found = GetOne<TimedGetRequest, TimedBytes>(path);
  counters_.CountRead(found);
  return found;
}

Lookup<Ttl> MemcacheBackend::TtlRaw(std::string_view path) {
  return GetOne<TimedGetRequest, TimedBytes>(path,
                                             TimedGetRequest::Values::kOmit)
      .Map([](const TimedBytes& found) { return found.remaining_ttl; });
}

std::vector<Lookup<Bytes>> MemcacheBackend::GetManyRaw(
    std::span<const std::string_view> paths) {
  return GetMany<GetRequest, Bytes>(paths);
}

std::vector<Lookup<TimedBytes>> MemcacheBackend::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  return GetMany<TimedGetRequest, TimedBytes>(paths);
}

// --- Writes.

Status MemcacheBackend::SetRaw(std::string_view path, std::string_view value,
                               Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Status MemcacheBackend::SetManyRaw(std::span<const RawEntry> entries) {
  uint64_t failed = entries.size();
  Status status = WithoutExceptions<Status>([&] {
    for (const RawEntry& entry : entries) {
      if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
    }
    const TimePoint now = WallNow();
    const net::Deadline deadline = servers_->NewDeadline();
    const KeyMaker keys = KeysOf(entries, &RawEntry::path, *servers_, deadline);
    const auto make_item = [&](size_t i) -> Result<SetItem> {
      const Result<WireKey> key = keys.KeyOf(entries[i].path);
      if (!key.ok()) return key.status();
      return ToItem(*key, entries[i], now);
    };
    WriteOutcome outcome =
        WriteItems<SetRequest>(*servers_, entries.size(), deadline, make_item);
    failed = outcome.failed;
    return std::move(outcome.first_failure);
  });
  counters_.CountSets(entries.size() - failed, failed);
  return status;
}

Status MemcacheBackend::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status MemcacheBackend::InvalidateManyRaw(
    std::span<const std::string_view> paths) {
  uint64_t failed = paths.size();
  Status status = WithoutExceptions<Status>([&] {
    for (const std::string_view path : paths) {
      if (Status valid = CheckPath(path); !valid.ok()) return valid;
    }
    const net::Deadline deadline = servers_->NewDeadline();
    const KeyMaker keys = KeysOf(paths, std::identity(), *servers_, deadline);
    const auto make_item = [&](size_t i) -> Result<DeleteItem> {
      const Result<WireKey> key = keys.KeyOf(paths[i]);
      if (!key.ok()) return key.status();
      return DeleteItem{*key};
    };
    WriteOutcome outcome =
        WriteItems<DeleteRequest>(*servers_, paths.size(), deadline, make_item);
    failed = outcome.failed;
    return std::move(outcome.first_failure);
  });
  counters_.CountInvalidations(paths.size() - failed, failed);
  return status;
}

Result<bool> MemcacheBackend::Add(const RawEntry& entry) {
  if (Status valid = CheckPath(entry.path); !valid.ok()) return valid;
  const net::Deadline deadline = servers_->NewDeadline();
  const Result<WireKey> key = KeyOf(entry.path, *servers_, deadline);
  if (!key.ok()) return key.status();
  const SetItem item = ToItem(*key, entry, WallNow());
  if (item.is_too_large) {
    return Status(ErrorCode::kTooLarge,
                  "cannot add a value of " +
                      std::to_string(entry.value.size()) +
                      " bytes: with its key it exceeds max_item_bytes; nothing "
                      "was changed");
  }
  const size_t server = servers_->ServerOf(item.key.view());
  AddRequest add(item, servers_->name(server));
  // A retry would find the entry that the first attempt has added.
  Status sent = servers_->Send(server, add, deadline, Retry::kNever);
  if (!sent.ok()) return sent;
  return add.Outcome();
}

Result<bool> MemcacheBackend::AddRaw(std::string_view path,
                                     std::string_view value, Ttl ttl) {
  auto added = WithoutExceptions<Result<bool>>([&] {
    return Add({path, value, ttl});
  });
  counters_.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

Result<bool> MemcacheBackend::SetTtl(std::string_view path, Ttl ttl) {
  if (Status valid = CheckPath(path); !valid.ok()) return valid;
  const net::Deadline deadline = servers_->NewDeadline();
  const Result<WireKey> key = KeyOf(path, *servers_, deadline);
  if (!key.ok()) return key.status();
  if (key->is_hashed()) {
    // The item may be that of another path with the same hash.
    Lookup<Bytes> found = Lookup<Bytes>::Miss();
    ReadItem<GetRequest>(*servers_, GetItem<Bytes>{*key, &found}, deadline);
    if (found.has_error()) return found.status();
    if (!found) return false;
  }
  const size_t server = servers_->ServerOf(key->view());
  TouchRequest touch(*key, ExpTime(ttl, WallNow()), servers_->name(server));
  Status sent = servers_->Send(server, touch, deadline);
  if (!sent.ok()) return sent;
  return touch.Outcome();
}

Result<bool> MemcacheBackend::SetTtlRaw(std::string_view path, Ttl ttl) {
  return WithoutExceptions<Result<bool>>([&] { return SetTtl(path, ttl); });
}

// --- Commands to all servers.

Status MemcacheBackend::ClearRaw() {
  return WithoutExceptions<Status>([&] {
    // A retry may remove entries that other clients have set during the call,
    // as any Clear may.
    return Broadcast(*servers_, "flush_all", Reply::Type::kOk).status();
  });
}

Result<std::string> MemcacheBackend::Ping() {
  return WithoutExceptions<Result<std::string>>([&]() -> Result<std::string> {
    Result<std::vector<std::string>> versions =
        Broadcast(*servers_, "version", Reply::Type::kVersion);
    if (!versions.ok()) return versions.status();
    for (std::string& version : *versions) {
      version = net::VersionAtStartOf(version);
    }
    std::ranges::sort(*versions);
    versions->erase(std::unique(versions->begin(), versions->end()),
                    versions->end());
    std::string all = "memcached";
    const char* separator = " ";
    for (const std::string& version : *versions) {
      all += std::exchange(separator, ", ") + version;
    }
    return all;
  });
}

}  // namespace appcache::memcache
