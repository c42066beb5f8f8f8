#include "adapters/lmdb/lmdb_cache.h"

#include <lmdb.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "adapters/lmdb/environment.h"
#include "adapters/lmdb/files.h"
#include "adapters/lmdb/find.h"
#include "adapters/lmdb/limits.h"
#include "adapters/lmdb/options.h"
#include "adapters/lmdb/prefix_removal.h"
#include "adapters/lmdb/record.h"
#include "adapters/lmdb/registry.h"
#include "adapters/lmdb/write.h"
#include "engine/backend_counters.h"

namespace appcache {
namespace {

using lmdb::Change;
using lmdb::Entries;
using lmdb::EntryKey;
using lmdb::Environment;
using lmdb::Limits;
using lmdb::Record;
using lmdb::Removed;
using lmdb::TraitsOf;
using lmdb::Validate;
using std::chrono::milliseconds;

}  // namespace

struct LmdbCache::State {
  // The failures are functions of their own: of a get that succeeds, making a
  // Status to look at took 2 %.
  Status InChild() const {
    return Status(ErrorCode::kUnavailable,
                  "the LMDB cache " + environment->directory() +
                      " was opened before fork() and is the parent's; open "
                      "one in the child");
  }
  Status TooLong(std::string_view path) const {
    return Status(ErrorCode::kInvalidKey,
                  "a key path of " + std::to_string(path.size()) +
                      " bytes is longer than this cache takes: " +
                      std::to_string(traits.max_key_bytes));
  }

  Status CheckUsable() const {
    return environment->in_child() ? InChild() : Status();
  }
  Status CheckPath(std::string_view path) const {
    return path.size() > traits.max_key_bytes ? TooLong(path) : Status();
  }

  // `lookup` is a miss before.
  template <class V>
  void Find(MDB_txn* txn, std::string_view path, Lookup<V>& lookup) const {
    if (path.size() > traits.max_key_bytes) {
      lookup = Lookup<V>::Failed(TooLong(path));
      return;
    }
    Status status = lmdb::WithRecord(
        txn, *environment, *clock, path,
        [&](const Record& record, TimePoint now) {
          lookup = Lookup<V>::Hit(lmdb::ReadAs<V>(record, now));
        });
    if (!status.ok()) lookup = Lookup<V>::Failed(std::move(status));
  }

  // Calls `find(txn)` within one read transaction.
  template <class FindIt>
  Status Read(const FindIt& find) const {
    if (environment->in_child()) return InChild();
    return environment->Read(busy_timeout, [&](MDB_txn* txn) {
      find(txn);
      return Status();
    });
  }

  template <class V>
  Lookup<V> ReadOne(std::string_view path) const {
    return WithoutExceptions<Lookup<V>>([&] {
      Lookup<V> lookup = Lookup<V>::Miss();
      Status status = Read([&](MDB_txn* txn) { Find(txn, path, lookup); });
      if (!status.ok()) lookup = Lookup<V>::Failed(std::move(status));
      return lookup;
    });
  }

  // Of one moment. Counts them.
  template <class V>
  std::vector<Lookup<V>> ReadMany(std::span<const std::string_view> paths) {
    std::vector<Lookup<V>> found(paths.size(), Lookup<V>::Miss());
    const Status status = WithoutExceptions<Status>([&] {
      return Read([&](MDB_txn* txn) {
        for (size_t i = 0; i < paths.size(); ++i) {
          Find(txn, paths[i], found[i]);
        }
      });
    });
    if (!status.ok()) found.assign(paths.size(), Lookup<V>::Failed(status));
    for (const Lookup<V>& lookup : found) counters.CountRead(lookup);
    return found;
  }

  Status Write(const Change& change) {
    Removed removed;
    Status status =
        lmdb::Write(*environment, *clock, busy_timeout, change, removed);
    CountRemoved(removed);
    return status;
  }

  void CountRemoved(const Removed& removed) noexcept {
    evictions.fetch_add(removed.evicted, std::memory_order_relaxed);
    expirations.fetch_add(removed.ended, std::memory_order_relaxed);
  }

  // How large the record of an entry is; none if it is too large.
  std::optional<uint64_t> RecordBytesOf(const RawEntry& entry) const {
    Record record;
    if (EntryKey(entry.path).is_hashed()) record.path = entry.path;
    record.value = entry.value;
    const uint64_t bytes = lmdb::RecordBytes(record);
    if (entry.value.size() > traits.max_value_bytes ||
        bytes > environment->limits().max_record_bytes) {
      return std::nullopt;
    }
    return bytes;
  }

  // How many of the entries, at least one, one transaction writes. `pages` is
  // what they take.
  size_t PieceOf(std::span<const RawEntry> entries, uint64_t& pages) const {
    const Limits& limits = environment->limits();
    uint64_t bytes = 0;
    size_t count = 0;
    for (; count < entries.size() && count < limits.max_entries; ++count) {
      const uint64_t more = RecordBytesOf(entries[count]).value_or(0);
      if (count > 0 && bytes + more > limits.max_record_bytes) break;
      bytes += more;
      pages += limits.PagesFor(more);
    }
    return count;
  }

  // Of one transaction. `refused`: how many values were too large.
  int Put(Entries& table, std::span<const RawEntry> entries, TimePoint now,
          uint64_t& refused) const {
    refused = 0;
    for (const RawEntry& entry : entries) {
      int rc = 0;
      if (!RecordBytesOf(entry)) {
        ++refused;
        rc = table.Remove(entry.path);
      } else {
        rc = table.Put(entry.path, entry.value, EndOf(entry.ttl, now));
      }
      if (rc != 0) return rc;
    }
    return 0;
  }

  static std::optional<TimePoint> EndOf(Ttl ttl, TimePoint now) {
    return ttl == kNoTtl ? std::nullopt : std::optional(now + ttl);
  }

  // True when it was added.
  Result<bool> Add(const RawEntry& entry);

  // `count` grows by the entries that are gone, also when it fails.
  Status RemovePrefix(std::string_view prefix, uint64_t& count);

  lmdb::EnvironmentUse environment;
  std::shared_ptr<const Clock> clock;
  milliseconds busy_timeout;
  BackendTraits traits;
  BackendCounters counters = {};
  std::atomic<uint64_t> evictions{0};
  std::atomic<uint64_t> expirations{0};
};

Result<bool> LmdbCache::State::Add(const RawEntry& entry) {
  Status usable = CheckUsable();
  if (usable.ok()) usable = CheckPath(entry.path);
  if (!usable.ok()) return usable;
  const std::optional<uint64_t> bytes = RecordBytesOf(entry);
  if (!bytes) {
    return Status(ErrorCode::kTooLarge,
                  "a value to add is larger than this cache takes: " +
                      std::to_string(traits.max_value_bytes) +
                      " bytes, less a key of over 510; nothing was changed");
  }
  bool is_there = false;
  Change change;
  change.pages = environment->limits().PagesFor(*bytes);
  change.check = [&](const Entries& table, TimePoint now, bool& is_needless) {
    const int rc = table.IsLive(entry.path, now, is_there);
    is_needless = is_there;
    return rc;
  };
  change.apply = [&](Entries& table, TimePoint now) {
    return table.Put(entry.path, entry.value, EndOf(entry.ttl, now));
  };
  Status written = Write(change);
  if (!written.ok()) return written;
  return !is_there;
}

Status LmdbCache::State::RemovePrefix(std::string_view prefix,
                                      uint64_t& count) {
  Removed removed;
  Status status = lmdb::RemovePrefix(*environment, *clock, busy_timeout, prefix,
                                     count, removed);
  CountRemoved(removed);
  return status;
}

LmdbCache::LmdbCache(CacheOptions options, std::unique_ptr<State> state)
    : Cache(std::move(options)), state_(std::move(state)) {}

LmdbCache::~LmdbCache() { FinishLoads(); }

LmdbCache::Opened LmdbCache::Open(const std::string& directory,
                                  LmdbCacheOptions options) {
  return WithoutExceptions<Opened>([&]() -> Opened {
    if (Status valid = Validate(options); !valid.ok()) return valid;
    if (options.clock == nullptr) options.clock = Clock::Wall();
    const Result<std::string> path = lmdb::MakeDirectory(directory);
    if (!path.ok()) return path.status();
    auto environment =
        lmdb::Acquire(*path, options.max_bytes, options.busy_timeout);
    if (!environment.ok()) return environment.status();
    BackendTraits traits = TraitsOf(**environment, options.busy_timeout);
    std::unique_ptr<State> state(
        new State{*std::move(environment), std::move(options.clock),
                  options.busy_timeout, std::move(traits)});
    return std::unique_ptr<LmdbCache>(
        new LmdbCache(std::move(options.cache), std::move(state)));
  });
}

BackendTraits LmdbCache::Traits() const { return state_->traits; }

Result<std::string> LmdbCache::Ping() {
  return WithoutExceptions<Result<std::string>>([&]() -> Result<std::string> {
    Status status = state_->Read([](MDB_txn*) {});
    if (!status.ok()) return status;
    int version[3];
    mdb_version(&version[0], &version[1], &version[2]);
    return "LMDB " + std::to_string(version[0]) + "." +
           std::to_string(version[1]) + "." + std::to_string(version[2]);
  });
}

Lookup<Bytes> LmdbCache::GetRaw(std::string_view path) {
  Lookup<Bytes> found = state_->ReadOne<Bytes>(path);
  state_->counters.CountRead(found);
  return found;
}

Lookup<TimedBytes> LmdbCache::GetTimedRaw(std::string_view path) {
  Lookup<TimedBytes> found = state_->ReadOne<TimedBytes>(path);
  state_->counters.CountRead(found);
  return found;
}

Lookup<Ttl> LmdbCache::TtlRaw(std::string_view path) {
  return state_->ReadOne<Ttl>(path);
}

std::vector<Lookup<Bytes>> LmdbCache::GetManyRaw(
    std::span<const std::string_view> paths) {
  return state_->ReadMany<Bytes>(paths);
}

std::vector<Lookup<TimedBytes>> LmdbCache::GetManyTimedRaw(
    std::span<const std::string_view> paths) {
  return state_->ReadMany<TimedBytes>(paths);
}

Status LmdbCache::SetRaw(std::string_view path, std::string_view value,
                         Ttl ttl) {
  const RawEntry entry{path, value, ttl};
  return SetManyRaw({&entry, 1});
}

Result<bool> LmdbCache::AddRaw(std::string_view path, std::string_view value,
                               Ttl ttl) {
  auto added = WithoutExceptions<Result<bool>>([&] {
    return state_->Add({path, value, ttl});
  });
  state_->counters.CountSets(added.ok() && *added ? 1 : 0, added.ok() ? 0 : 1);
  return added;
}

Status LmdbCache::SetManyRaw(std::span<const RawEntry> entries) {
  uint64_t stored = 0;
  uint64_t refused = 0;
  Status status = WithoutExceptions<Status>([&] {
    Status usable = state_->CheckUsable();
    for (const RawEntry& entry : entries) {
      if (usable.ok()) usable = state_->CheckPath(entry.path);
    }
    if (!usable.ok()) return usable;
    for (size_t at = 0; at < entries.size();) {
      Change change;
      const size_t count = state_->PieceOf(entries.subspan(at), change.pages);
      const auto piece = entries.subspan(at, count);
      uint64_t refused_here = 0;
      change.apply = [&](Entries& table, TimePoint now) {
        return state_->Put(table, piece, now, refused_here);
      };
      Status written = state_->Write(change);
      if (!written.ok()) return written;
      refused += refused_here;
      stored += count - refused_here;
      at += count;
    }
    return Status();
  });
  state_->counters.CountSets(stored, entries.size() - stored);
  if (!status.ok() || refused == 0) return status;
  return WithoutExceptions<Status>([&] {
    return Status(ErrorCode::kTooLarge,
                  "a value is larger than this cache takes: " +
                      std::to_string(state_->traits.max_value_bytes) +
                      " bytes, less a key of over 510; its key is now empty");
  });
}

Status LmdbCache::InvalidateRaw(std::string_view path) {
  return InvalidateManyRaw({&path, 1});
}

Status LmdbCache::InvalidateManyRaw(std::span<const std::string_view> paths) {
  uint64_t done = 0;
  Status status = WithoutExceptions<Status>([&] {
    Status usable = state_->CheckUsable();
    for (const std::string_view path : paths) {
      if (usable.ok()) usable = state_->CheckPath(path);
    }
    if (!usable.ok()) return usable;
    while (done < paths.size()) {
      const auto piece = paths.subspan(
          done, std::min<size_t>(paths.size() - done,
                                 state_->environment->limits().max_entries));
      Status written = state_->Write({0, [&](Entries& table, TimePoint) {
                                        for (const auto path : piece) {
                                          const int rc = table.Remove(path);
                                          if (rc != 0) return rc;
                                        }
                                        return 0;
                                      }});
      if (!written.ok()) return written;
      done += piece.size();
    }
    return Status();
  });
  state_->counters.CountInvalidations(done, paths.size() - done);
  return status;
}

Status LmdbCache::InvalidatePrefixRaw(std::string_view path_prefix) {
  uint64_t removed = 0;
  Status status = WithoutExceptions<Status>([&] {
    Status usable = state_->CheckUsable();
    if (usable.ok()) usable = state_->CheckPath(path_prefix);
    if (!usable.ok()) return usable;
    return state_->RemovePrefix(path_prefix, removed);
  });
  state_->counters.CountInvalidations(removed, status.ok() ? 0 : 1);
  return status;
}

Status LmdbCache::ClearRaw() {
  return WithoutExceptions<Status>([&] {
    Status usable = state_->CheckUsable();
    if (!usable.ok()) return usable;
    return state_->Write(
        {0, [](Entries& table, TimePoint) { return table.Clear(); }});
  });
}

CacheStats LmdbCache::RawStats() const {
  CacheStats stats = state_->counters.Stats();
  stats.evictions = state_->evictions.load(std::memory_order_relaxed);
  stats.expirations = state_->expirations.load(std::memory_order_relaxed);
  const Status status = WithoutExceptions<Status>([&] {
    Status usable = state_->CheckUsable();
    if (!usable.ok()) return usable;
    return state_->environment->Read(state_->busy_timeout, [&](MDB_txn* txn) {
      uint64_t count = 0;
      const Entries table(txn, state_->environment->tables());
      if (table.Count(count) == 0) stats.entries = count;
      return Status();
    });
  });
  // `entries` stays empty where it is not to be had.
  (void)status;
  return stats;
}

}  // namespace appcache
