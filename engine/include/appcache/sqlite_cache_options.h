// SqliteCacheOptions: the options of SqliteCache.

#ifndef APPCACHE_SQLITE_CACHE_OPTIONS_H_
#define APPCACHE_SQLITE_CACHE_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "appcache/cache_options.h"

namespace appcache {

class Clock;

struct SqliteCacheOptions {
  // Prefix, compressor, log.
  CacheOptions cache = {};

  // --- Behaviour. All caches of one database in one process must agree on
  // max_entries, max_bytes, max_database_bytes and the write-behind window.

  // From 1 to 2^62.
  uint64_t max_entries = 10'000;

  // The bytes of keys and values together, as stored. From 1 to 2^62; none: no
  // limit.
  std::optional<uint64_t> max_bytes = std::nullopt;

  // How large the database itself may become, without its log: keys, values,
  // indexes, and what SQLite adds. Entries of 284 bytes occupy about 420 bytes
  // each. A set that would make the database larger first evicts; if the value
  // still does not fit, the set is kFull. Removals always succeed, and a
  // database that is larger already is not made smaller. From 1 MiB to 2^62;
  // none: no limit. Not for OpenOn, where the limit is the owner's to set.
  std::optional<uint64_t> max_database_bytes = std::nullopt;

  // How long an operation waits for others (a writer in this or another
  // process; for a reader, a database that is being recovered) before it is
  // kBusy. From 0 ms to a year.
  std::chrono::milliseconds busy_timeout{2000};

  // The write-behind window of a database in memory: how long changes may wait
  // before SQLite has them, and how many bytes of keys and values. Until then
  // only the cache shows them, not a connection of ConnectInMemory. A set that
  // finds the window full waits for a flush, at most busy_timeout; a value
  // larger than an eighth of it is written at once (by Set; in a batch, by
  // AddRaw and by RestoreMany it counts as others do). Removals never wait. A
  // file has no window, nor has a database with max_database_bytes: their
  // writes return when SQLite has them. From 1 ms to a year, and from 64 KiB to
  // 2^62.
  std::chrono::milliseconds write_behind_interval{250};
  uint64_t write_behind_bytes = uint64_t{16} << 20;

  // --- Performance. Taken from the first cache that opens the database.

  // Accesses are written to SQLite in batches by a background thread: this long
  // after the first access of a batch, or as soon as touch_flush_count are
  // waiting. A shorter interval loses less recency when the process dies; a
  // longer one writes less. Eviction is exact either way. From 1 ms to a year,
  // and from 1 to 2^62.
  std::chrono::milliseconds touch_flush_interval{250};
  size_t touch_flush_count = 4096;

  // The memory for keys and values of a database in memory. A get of an entry
  // that is here uses no SQLite and copies nothing. It is in addition to the
  // memory of the database and the write-behind window. When it is full, the
  // values that were not used for longest leave it, not the cache; one that is
  // larger than an eighth of it is always read from SQLite. A file does not use
  // it, nor does a database with max_database_bytes. From 0, for none, to 2^62.
  uint64_t resident_bytes = uint64_t{64} << 20;

  // How often expired entries are removed, when there are any. From 1 ms to a
  // year.
  std::chrono::milliseconds expiry_sweep_interval{1000};

  // How large the write-ahead log of a file or of a database in memory may grow
  // while a reader holds an old snapshot. At this size writes are kBusy until
  // that reader ends. From 1 to 2^62; less than 2,000 pages (8 MB of SQLite's
  // default pages) counts as 2,000 pages, so that a write can make progress.
  uint64_t max_log_bytes = uint64_t{64} << 20;

  // --- For tests and special setups.

  // Null: Clock::Wall() for a file or a connection, Clock::Steady() in memory.
  std::shared_ptr<const Clock> clock = nullptr;

  // Seeds the hash of a new database. None: random, so that nobody can choose
  // keys that collide.
  std::optional<uint64_t> hash_seed = std::nullopt;

  // The name of a registered SQLite VFS with which a file is opened; empty:
  // SQLite's default.
  std::string vfs = "";
};

}  // namespace appcache

#endif  // APPCACHE_SQLITE_CACHE_OPTIONS_H_
