#include "appcache/sqlite_cache.h"

#include <utility>

#include "engine/lru/limits.h"
#include "engine/lru/open.h"
#include "engine/lru/snapshot.h"
#include "engine/lru/sqlite_backend.h"
#include "engine/support/file_size_signal.h"

namespace appcache {

static_assert(SqliteCache::kMaxKeyBytes == lru::kMaxKeyBytes);
static_assert(SqliteCache::kMaxValueBytes == lru::kMaxValueBytes);
static_assert(SqliteCache::kMaxTime == lru::kMaxTime);

SqliteCache::SqliteCache(std::shared_ptr<lru::SqliteBackend> backend,
                         CacheOptions options)
    : Cache(backend, std::move(options)), sqlite_(*backend) {}

// Loaders may call the operations of this class, so they end here and not in
// the base class.
SqliteCache::~SqliteCache() { StopLoads(); }

template <class OpenEngine>
SqliteCache::Opened SqliteCache::Open(const SqliteCacheOptions& options,
                                      const OpenEngine& open_engine) {
  // For what is written before the writer lock is held.
  const internal::FileSizeSignalBlock no_signal;
  return WithoutExceptions<Opened>([&]() -> Opened {
    lru::OpenedEngine engine = open_engine();
    if (!engine.ok()) return engine.status();
    // First the backend, which releases the engine if the next line throws.
    auto backend =
        lru::SqliteBackend::Make(*std::move(engine), options.cache.log);
    return std::unique_ptr<SqliteCache>(
        new SqliteCache(std::move(backend), options.cache));
  });
}

SqliteCache::Opened SqliteCache::OpenInMemory(const SqliteCacheOptions& options,
                                              std::string_view name) {
  return Open(options, [&] { return lru::OpenEngineInMemory(options, name); });
}

SqliteCache::Opened SqliteCache::OpenInMemoryFrom(
    const std::string& path, const SqliteCacheOptions& options,
    std::string_view name) {
  return Open(options,
              [&] { return lru::OpenEngineInMemoryFrom(path, options, name); });
}

SqliteCache::Opened SqliteCache::OpenFile(const std::string& path,
                                          const SqliteCacheOptions& options) {
  return Open(options, [&] { return lru::OpenEngineOfFile(options, path); });
}

SqliteCache::Opened SqliteCache::OpenFileToRead(
    const std::string& path, const SqliteCacheOptions& options) {
  return Open(options, [&] { return lru::OpenEngineToRead(options, path); });
}

SqliteCache::Opened SqliteCache::OpenOn(sqlite3* connection,
                                        const SqliteCacheOptions& options) {
  return Open(options, [&] { return lru::OpenEngineOn(options, connection); });
}

Result<sqlite3*> SqliteCache::ConnectInMemory(std::string_view name) {
  return WithoutExceptions<Result<sqlite3*>>(
      [&] { return lru::ConnectInMemory(name); });
}

Status SqliteCache::Flush() { return sqlite_.Flush(); }

Status SqliteCache::Close() { return sqlite_.Close(); }

Status SqliteCache::ForEachKey(FunctionRef<bool(const EntryInfo&)> visit) {
  return sqlite_.ForEachKey(visit);
}

Status SqliteCache::ForEachEntry(FunctionRef<bool(const StoredEntry&)> visit) {
  return sqlite_.ForEachEntry(visit);
}

Status SqliteCache::RestoreMany(std::span<const StoredEntry> entries) {
  return sqlite_.RestoreMany(entries);
}

Status SqliteCache::Snapshot(const std::string& path) {
  const internal::FileSizeSignalBlock no_signal;
  return sqlite_.Snapshot(path);
}

Result<CheckReport> SqliteCache::Check() { return sqlite_.Check(); }

Result<CheckReport> SqliteCache::CheckAndFix() { return sqlite_.CheckAndFix(); }

}  // namespace appcache
