// SqliteBackend: the operations of SqliteCache on one Engine, which all
// backends of one database in the process share.
//
// Adds what belongs to a single cache: whether it was closed. No exception
// leaves it. Restrictions: holds no SQL and no policy.

#ifndef APPCACHE_ENGINE_LRU_SQLITE_BACKEND_H_
#define APPCACHE_ENGINE_LRU_SQLITE_BACKEND_H_

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/backend.h"
#include "appcache/log.h"
#include "appcache/sqlite_entry.h"
#include "engine/lru/engine.h"

namespace appcache::lru {

class SqliteBackend final : public Backend {
 public:
  // Takes over one use of `engine`, which the registry has counted; releases it
  // on failure. Never null.
  static std::shared_ptr<SqliteBackend> Make(std::shared_ptr<Engine> engine,
                                             const LogSink& log);
  ~SqliteBackend() override;

  Status Flush();
  Status Close();
  Status ForEachKey(FunctionRef<bool(const EntryInfo&)> visit);
  Status ForEachEntry(FunctionRef<bool(const StoredEntry&)> visit);
  Status RestoreMany(std::span<const StoredEntry> entries);
  Status Snapshot(const std::string& path);
  Result<CheckReport> Check();
  Result<CheckReport> CheckAndFix();

  BackendTraits Traits() const override;
  // SQLite's version, after a read of the counts.
  Result<std::string> Ping() override;
  // Counters of the database: caches that share it share them.
  CacheStats Stats() const override;

  Lookup<Bytes> GetRaw(std::string_view path) override;
  // In memory, the visitor runs inside a protected read: a get from it works,
  // and any other operation of the database is kInvalidArgument.
  Lookup<size_t> ViewRaw(std::string_view path, ValueVisitor visitor) override;
  // An access, as a get is.
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;
  // Not an access.
  Lookup<Ttl> TtlRaw(std::string_view path) override;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  Status TrySetRaw(std::string_view path, std::string_view value,
                   Ttl ttl) override;
  // One transaction: all entries or none, except those that are kTooLarge.
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  // One transaction, also when nothing is added. Evicts as a set does. On
  // failure nothing is changed. An entry that is found is not accessed.
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  // One transaction; the value is not written again.
  Result<bool> SetTtlRaw(std::string_view path, Ttl ttl) override;
  // Entries are indexed by the hash of their key, so every key is read, and
  // with values every value.
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override;
  Status InvalidateRaw(std::string_view path) override;
  // One transaction: all or none.
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;
  // Entries are indexed by the hash of their key, so every key is read: 0.2 to
  // 0.4 ms for each 1,000 entries, and 5 to 12 us for each that is removed, of
  // 100 to 4,096 bytes. Works in steps: other writers wait for one step, some
  // milliseconds at most. "" is a Clear, in one transaction.
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;
  // Removes every entry of the database, whatever its prefix.
  Status ClearRaw() override;

 private:
  SqliteBackend(std::shared_ptr<Engine> engine, const LogSink& log);

  // `operation(engine)`, unless this cache was closed.
  template <class R, class Operation>
  R Guarded(const Operation& operation) const noexcept;

  std::shared_ptr<Engine> engine_;
  const LogSink log_;
  std::atomic<bool> closed_{false};
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_SQLITE_BACKEND_H_
