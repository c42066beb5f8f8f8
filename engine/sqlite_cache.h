// SqliteCache: an exact LRU cache inside the process, kept in SQLite.
//
//   auto cache = appcache::SqliteCache::OpenFile("/var/cache/app/cache.db");
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   (*cache)->Set(Key<std::string>("greeting"), "hello");
//
// Entries can be looked at with SQL, outlive a restart (in a file), and are
// shared: by all SqliteCaches of one name or one file in the process, and by
// all processes that open the file.
//
// Eviction. When a set takes the cache over max_entries or max_bytes, entries
// whose ttl has ended go first, then the least recently used: exactly, not by
// sampling. A get counts as a use; it is remembered in memory and reaches
// SQLite later (see touch_flush_interval), so a get never writes. Between
// processes that share a file the order is that of what has reached SQLite.
// Limits are not kept in the file: each process evicts by its own, and one that
// opens a file with more than its limits allow first removes the rest.
//
// Durability (a file). A set or an invalidate that has returned success
// survives the end of the process, kill -9 included, and after a power failure
// the file is intact but may lack the last of them (SQLite's WAL with
// synchronous = NORMAL). Recency not yet flushed is lost with the process;
// values never.
//
// Damage. A damaged cache file is renamed to <path>.damaged, which replaces an
// older one of that name, reported to the log, and the cache starts empty. A
// file that is not an appcache, or of a newer version, is never touched:
// kUnsupported. (But what is no database at all, beside a <path>-lane that a
// cache has left, is taken for the damaged cache.) Once the file under an open
// cache is removed, renamed or replaced, the cache is kUnavailable until it is
// opened again.
//
// Processes. Several may use one file. Writers take turns through a lock file
// beside it (<path>-lane), and wait for each other at most busy_timeout. Do not
// put the file on a network file system.
//
// fork(). An object opened before a fork may be used by the parent only: in the
// child its operations are kUnavailable and its destructor releases nothing. A
// cache in memory or of another file can be opened there; a file that was open
// at the fork cannot (kUnsupported), for SQLite keeps its locks in the memory
// that the child has inherited: close it before the fork, or exec after it.
// Only the cache's own threads wait for a fork: when other threads of the
// parent use SQLite meanwhile, the child has to exec before it does.
//
// Limits. A key path: kMaxKeyBytes. A value: max_bytes, and in any case
// kMaxValueBytes. Larger is kInvalidKey and kTooLarge; a set that is kTooLarge
// removes what the key held, so that no reader takes it for the new value. Any
// other set that fails leaves the old value.
//
// Cost. A get is one prepared SELECT by integer key, and a copy of the value; a
// set is one transaction, during which gets go on from a file, and wait in
// memory. A thread that reads has a connection of its own, with a page cache of
// up to 8 MiB; past 64 threads they share. bench/README.md has figures.

#ifndef APPCACHE_ENGINE_SQLITE_CACHE_H_
#define APPCACHE_ENGINE_SQLITE_CACHE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cache.h"
#include "engine/clock.h"

struct sqlite3;

namespace appcache {

class LruEngine;

struct SqliteCacheOptions {
  // Prefix, compressor, log: see cache.h.
  CacheOptions cache;

  // --- Behaviour. Caches of one database in one process must agree on these
  // two.

  // At least 1.
  uint64_t max_entries = 10'000;

  // Bytes of keys and values together, as stored; none: no such limit. At
  // least 1.
  std::optional<uint64_t> max_bytes;

  // How long an operation waits for others (a writer in this or another
  // process; for a reader, a database that is being recovered) before it is
  // kBusy.
  std::chrono::milliseconds busy_timeout{2000};

  // --- Performance. Taken from whoever opens the database first.

  // Uses are written to SQLite in batches: this long after the first of a
  // batch, by a thread of the cache's own, or sooner when a batch has
  // touch_flush_count of them. Shorter: less recency is lost with the process.
  // Longer: fewer writes. Eviction is exact either way.
  std::chrono::milliseconds touch_flush_interval{250};
  size_t touch_flush_count = 4096;

  // How often entries whose ttl has ended are removed, when there are any.
  std::chrono::milliseconds expiry_sweep_interval{1000};

  // How large the write-ahead log of a file may grow while someone reads from
  // an old snapshot. Beyond it writes are kBusy until the reader is done.
  uint64_t max_log_bytes = uint64_t{64} << 20;

  // --- Seams.

  // Null: Clock::Wall() for a file or a connection, Clock::Steady() in memory.
  std::shared_ptr<const Clock> clock;

  // The seed of a new database's hash. None: random, so that nobody can choose
  // keys that collide.
  std::optional<uint64_t> hash_seed;

  // The name of a registered SQLite VFS through which a file is opened; empty:
  // SQLite's default.
  std::string vfs;
};

// One entry, as ForEachKey tells it.
struct EntryInfo {
  std::string path;
  uint64_t bytes = 0;  // of path and value
  TimePoint last_used;
  std::optional<TimePoint> expires_at;
};

// One entry with its value, as it is stored.
struct StoredEntry {
  EntryInfo info;
  Bytes value;
};

struct CheckReport {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  // What is wrong, a line each, at most kMaxProblems. Empty: nothing.
  std::vector<std::string> problems;
  static constexpr size_t kMaxProblems = 100;
};

class SqliteCache final : public Cache {
 public:
  static constexpr std::string_view kDefaultMemoryName = "pyappcache_memory";
  static constexpr size_t kMaxKeyBytes = size_t{1} << 20;
  static constexpr uint64_t kMaxValueBytes = uint64_t{900} << 20;

  // Later than any time that is stored: the end of the year 9999.
  static constexpr TimePoint kMaxTime{
      std::chrono::microseconds(253'402'300'799'999'999)};

  using Opened = Result<std::unique_ptr<SqliteCache>>;

  // A database in memory, shared by all of that name in the process; it is gone
  // when the last of them, and the last connection from ConnectInMemory, is. A
  // plain ":memory:" elsewhere does not see it. Errors: kInvalidArgument (a
  // limit out of range, or other limits than the database was opened with).
  static Opened OpenInMemory(const SqliteCacheOptions& options = {},
                             std::string_view name = kDefaultMemoryName);

  // A file, made when there is none (its directory must exist). Errors:
  // kInvalidArgument as above; kUnavailable (permissions, a missing directory,
  // I/O: the message says what to do); kUnsupported (not an appcache, or a
  // newer one); kBusy.
  static Opened OpenFile(const std::string& path,
                         const SqliteCacheOptions& options = {});

  // A connection that the caller owns and keeps open until after this object is
  // gone. Its tables (entries, usage, meta) are made in the main database if
  // they are not there. The connection's pragmas, journal mode and busy handler
  // are left alone. Inside a transaction of the caller's, the cache's writes
  // are part of it, and undone with it. No thread of the cache's own touches
  // the connection: uses are written by Flush and Close, and by a set that
  // evicts. The connection must be in serialised mode (SQLite's default) if
  // other threads use it meanwhile. Errors: kInvalidArgument; kUnsupported
  // (tables of those names that are not appcache's).
  static Opened OpenOn(sqlite3* connection,
                       const SqliteCacheOptions& options = {});

  // A connection of the caller's own to the database in memory of that name, to
  // look at it with SQL, in one thread at a time; close it with sqlite3_close.
  // Made empty if no cache of that name is open. While a statement on it is not
  // reset, sets are kBusy, and gets during such a set wait for it. Writing
  // through it leaves the counts wrong until CheckAndFix.
  static Result<sqlite3*> ConnectInMemory(
      std::string_view name = kDefaultMemoryName);

  // Flushes, unless closed already; see Close.
  ~SqliteCache() override;

  // Brings SQLite up to date: all uses are written, and a file's write-ahead
  // log is moved into it as far as readers allow.
  Status Flush();

  // Lets go of the database; the last SqliteCache of it in the process flushes
  // it first. Calls in progress in other threads are waited for; later ones are
  // kUnavailable. A second Close is success.
  Status Close();

  // Visits every entry whose ttl has not ended, in no particular order, until
  // `visit` returns false. Entries that are set or removed meanwhile may be
  // visited or not; every other one is visited once. Reads in small steps:
  // writers and the log are not held up however slow `visit` is. Not a use.
  Status ForEachKey(const std::function<bool(const EntryInfo&)>& visit);
  Status ForEachEntry(const std::function<bool(const StoredEntry&)>& visit);

  // Stores entries with the recency and the end that they carry, in one
  // transaction, as a dump is loaded. Ones that have ended are left out. Evicts
  // as a set does. kInvalidArgument, and nothing is stored, when a time is
  // before 1970 or after kMaxTime.
  Status RestoreMany(std::span<const StoredEntry> entries);

  // Verifies the database: its pages, that both tables hold the same entries
  // under the right hashes, and that the counts equal the sums. Reads all of
  // it, and keeps writers out meanwhile; CheckAndFix in memory also gets. The
  // latter mends what it can:
  // entries without usage and the like are removed, counts are corrected.
  // Damaged pages are not mended here: kCorrupt, and the next OpenFile sets the
  // file aside.
  Result<CheckReport> Check();
  Result<CheckReport> CheckAndFix();

  BackendTraits Traits() const override;
  // SQLite's version, after a read of the counts.
  Result<std::string> Ping() override;

  // Prefer the typed operations of Cache.
  Lookup<Bytes> GetRaw(std::string_view path) override;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  // One transaction, also when it adds nothing. Evicts as a set does. An add
  // that fails changes nothing, and one that finds an entry is no use of it.
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  Status InvalidateRaw(std::string_view path) override;
  // Entries are found by the hash of their key only, so all keys are looked at,
  // whatever they begin with: 0.2 to 0.4 ms for each 1,000 entries, and 5 to 12
  // us for each that is removed, of 100 to 4,096 bytes. In steps: other writers
  // wait for one of them, some milliseconds at most, and the log stays as short
  // as it is otherwise. "" is a Clear, and one transaction.
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;
  // Removes every entry of the database, whatever the prefix.
  Status ClearRaw() override;
  Lookup<Ttl> TtlRaw(std::string_view path) override;
  // A use, as a get is; TtlRaw is none.
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;
  // One transaction: all or nothing, but for entries that are kTooLarge.
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;

 protected:
  // Counters are those of the database: caches that share it share them.
  CacheStats RawStats() const override;

 private:
  SqliteCache(CacheOptions options, std::shared_ptr<LruEngine> engine);
  static Opened Wrap(Result<std::shared_ptr<LruEngine>> engine,
                     const SqliteCacheOptions& options);

  Status CheckOpen() const;
  template <class R, class Operation>
  R Guarded(const Operation& operation) const;

  std::shared_ptr<LruEngine> engine_;
  std::atomic<bool> closed_{false};
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_SQLITE_CACHE_H_
