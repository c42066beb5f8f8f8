// sqlite:PATH and memory:NAME, for Open.

#include <utility>

#include "appcache/export.h"
#include "appcache/sqlite_cache.h"
#include "engine/uri/scheme_registry.h"

namespace appcache {
namespace {

using Opened = Result<std::unique_ptr<Cache>>;

SqliteCacheOptions TakeOptions(CacheOptions defaults,
                               internal::UriOptions& given) {
  SqliteCacheOptions options;
  options.cache = std::move(defaults);
  given.Count("max_entries", options.max_entries);
  given.Size("max_bytes", options.max_bytes);
  given.Size("max_database_bytes", options.max_database_bytes);
  given.Size("max_log_bytes", options.max_log_bytes);
  given.Duration("busy_timeout", options.busy_timeout);
  given.Duration("touch_flush_interval", options.touch_flush_interval);
  given.Count("touch_flush_count", options.touch_flush_count);
  given.Duration("expiry_sweep_interval", options.expiry_sweep_interval);
  return options;
}

Opened OpenFile(const internal::Uri& uri, CacheOptions defaults,
                internal::UriOptions& given) {
  const SqliteCacheOptions options = TakeOptions(std::move(defaults), given);
  bool reads_only = false;
  // SQLite's own words for its files.
  given.Choice("mode", {{"ro", true}, {"rwc", false}}, reads_only);
  Status status = given.Done();
  if (status.ok()) status = internal::ExpectPathOnly(uri);
  if (status.ok() && uri.path == ":memory:") {
    status = internal::InvalidUri(uri,
                                  "a file cannot be named :memory: (for a "
                                  "cache in memory, use memory:NAME)");
  }
  if (!status.ok()) return status;
  return internal::ToCache(reads_only
                               ? SqliteCache::OpenFileToRead(uri.path, options)
                               : SqliteCache::OpenFile(uri.path, options));
}

Opened OpenMemory(const internal::Uri& uri, CacheOptions defaults,
                  internal::UriOptions& given) {
  SqliteCacheOptions options = TakeOptions(std::move(defaults), given);
  given.Size("resident_bytes", options.resident_bytes);
  given.Duration("write_behind_interval", options.write_behind_interval);
  given.Size("write_behind_bytes", options.write_behind_bytes);
  Status status = given.Done();
  if (status.ok()) status = internal::ExpectPathOnly(uri);
  if (!status.ok()) return status;
  return internal::ToCache(SqliteCache::OpenInMemory(options, uri.path));
}

const internal::SchemeRegistrar kSqlite("sqlite", OpenFile);
const internal::SchemeRegistrar kMemory("memory", OpenMemory);

}  // namespace
}  // namespace appcache

extern "C" APPCACHE_EXPORT void appcache_scheme_sqlite() {}
