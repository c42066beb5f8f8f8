// LmdbBackend: the storage of an LmdbCache. lmdb_cache.h is the manual.

#ifndef APPCACHE_ADAPTERS_LMDB_LMDB_BACKEND_H_
#define APPCACHE_ADAPTERS_LMDB_LMDB_BACKEND_H_

#include <lmdb.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/lmdb/registry.h"
#include "adapters/lmdb/writer.h"
#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/lmdb_cache_options.h"
#include "engine/support/backend_counters.h"

namespace appcache::lmdb {

// Thread-safe. In a forked child every operation is kUnavailable.
class LmdbBackend final : public Backend {
 public:
  using Opened = Result<std::shared_ptr<LmdbBackend>>;

  // Errors as LmdbCache::Open. Throws std::bad_alloc.
  static Opened Open(const std::string& directory,
                     const LmdbCacheOptions& options);

  Lookup<Bytes> GetRaw(std::string_view path) override;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;
  Lookup<Ttl> TtlRaw(std::string_view path) override;
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override;

  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;

  // The entry becomes the one that was written last: it is evicted last.
  Result<bool> SetTtlRaw(std::string_view path, Ttl ttl) override;
  Status WalkRaw(const WalkOptions& options, WalkVisitor visit) override;

  Status InvalidateRaw(std::string_view path) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;
  Status ClearRaw() override;

  Result<std::string> Ping() override;
  BackendTraits Traits() const override { return traits_; }
  CacheStats Stats() const override;

 private:
  LmdbBackend(EnvironmentRef environment, std::shared_ptr<const Clock> clock,
              std::chrono::milliseconds busy_timeout);

  // The failures are functions of their own, because constructing and testing a
  // Status in a get that succeeds took 2 % of its time.
  Status UsedInChild() const;
  Status PathTooLong(std::string_view path) const;

  Status CheckUsable() const {
    return environment_->in_child() ? UsedInChild() : Status();
  }
  Status CheckPath(std::string_view path) const {
    return path.size() > traits_.max_key_bytes ? PathTooLong(path) : Status();
  }

  // Calls `visit(txn)` within one read transaction.
  template <class Visit>
  Status Read(const Visit& visit) const;
  // Sets `lookup`, which must be a miss, to the result of a read of `path`.
  // `is_ahead` as FindRecord.
  template <class V>
  void Find(MDB_txn* txn, std::string_view path, Lookup<V>& lookup,
            bool& is_ahead) const;
  template <class V>
  Lookup<V> ReadOne(std::string_view path);
  // Reads all paths in one transaction, and counts the reads.
  template <class V>
  std::vector<Lookup<V>> ReadMany(std::span<const std::string_view> paths);

  const EnvironmentRef environment_;
  const std::shared_ptr<const Clock> clock_;
  const std::chrono::milliseconds busy_timeout_;
  const BackendTraits traits_;
  Writer writer_;
  internal::BackendCounters counters_;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_LMDB_BACKEND_H_
