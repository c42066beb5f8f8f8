// SqliteCache: an exact LRU cache inside the process, stored in SQLite.
//
//   auto opened = SqliteCache::OpenFile("/var/cache/app/cache.db");
//   if (!opened.ok()) return Fail(opened.status().ToString());
//   const std::unique_ptr<SqliteCache> cache = *std::move(opened);
//   Status stored = cache->Set(Key<std::string>("greeting"), "hello");
//   if (!stored.ok()) return Fail(stored.ToString());
//
// Entries can be inspected with SQL, survive a restart (in a file), and are
// shared: by all SqliteCaches of one name or one file in the process, and by
// all processes that open the file.
//
// Eviction. When a set takes the cache over max_entries or max_bytes, expired
// entries are removed first, then the least recently used ones: exactly, not by
// sampling. A get counts as an access. Accesses are recorded in memory and
// written to SQLite later (see touch_flush_interval), so a get never writes.
// Between processes that share a file, the order is that of the accesses that
// have reached SQLite. The limits are not stored in the file: each process
// evicts by its own, and a process that opens a file with more entries than its
// limits allow first evicts the surplus.
//
// In memory, without max_database_bytes, every entry is answered from a
// directory beside the database, and SQLite has what was set or removed after a
// moment: within
// write_behind_interval, after Flush(), and after Close(). A connection of
// ConnectInMemory sees that state. See sqlite_cache_options.h for the
// write-behind window.
//
// Durability (a file). A set or invalidate that has returned success survives
// the end of the process, kill -9 included. After a power failure the file is
// intact but may lack the last writes (SQLite's WAL with synchronous = NORMAL).
// Recency that was not yet flushed is lost with the process; values never are.
//
// Damage. A set gives its entry a checksum of key and value, and each read of a
// value from SQLite verifies it: a wrong one is kCorrupt, until the key is set,
// added or invalidated, or the entry is removed by CheckAndFix or the next
// open. (A get on a file takes 2 % longer for it with values of 256 bytes, 6 %
// with 4 KiB and 19 % with 64 KiB.) A ttl alone, and the keys that ForEachKey
// visits, are not verified. ForEachEntry, Snapshot and OpenInMemoryFrom leave
// damaged entries out. ForEachEntry visits the others, and then returns
// kCorrupt, with EBADMSG as the native code and a message that says how many.
// The other two log how many; with OpenFileToRead, Snapshot returns kCorrupt.
//
// If damage was found in a cache file, the next open checks all of it. Damaged
// indexes are rebuilt, entries with a wrong checksum are removed, and no other
// entry is lost. A file that is damaged beyond that is renamed to
// <path>.damaged, replacing an older file of that name; the log reports it, and
// the cache starts empty, in a file of the same owner and permissions. A file
// that is not an appcache (its tables, indexes, views and triggers are not
// exactly those of one), or was written by a newer version, is never touched:
// kUnsupported. (Exception: if a cache has written <path>-lane, a file at
// <path> that is not a database counts as a damaged cache.)
//
// Removal (a file). When the file under an open cache is removed, renamed or
// replaced, the cache goes on with the file that is at the path then, or with a
// new one, and logs that. The next call notices that writes, connects (the
// first read of a thread, ForEachKey) or follows the work of the background
// thread after an access. Until then, reads see the entries of the old file. A
// write is not lost, and no call fails for this reason, unless the path cannot
// be opened: then calls return the errors of OpenFile, for example kUnavailable
// while the directory is missing, until it can. Nothing is written to the old
// file any more, and what its log had is lost: Close a cache before you rename
// its file. Counters go on.
//
// Builds without checksums. Their files open with all entries: OpenFile and
// OpenOn add a column to the table entries, in constant time and with a page of
// disk space. Such a build can go on using the file, also at the same time,
// unless it compares the schema: then it refuses the file (kUnsupported).
// What it writes has no checksum (NULL): it is read without verification, is
// not a problem to Check, and gets a checksum when it is set again. A program
// that changes a value with SQL must set the checksum to NULL.
//
// Processes. Several processes may use one file. Writers take turns through a
// lock file beside it (<path>-lane), and wait for each other at most
// busy_timeout. Do not put the file on a network file system. The lock file may
// be opened only by its owner and by those who may write the cache file. It
// belongs to whoever has created it, or to the owner of the cache file if that
// was root.
//
// Clock (a file, and a connection of the caller's). When the clock was set
// back, or another program has used the cache with a clock that is ahead, the
// recorded accesses are later than the present. Each such entry is corrected by
// its own difference, which is logged: its expiry time is moved back by that,
// and its last access is now. Others are not changed. This happens at the next
// open, at the next write, and in maintenance after an access; RestoreMany does
// it with the entries that it stores. From then on an entry lives no longer
// than its ttl; differences below 10 s are ignored. It may expire early, by the
// difference, if it was set with the right clock and accessed with the wrong
// one. Entries keep the order of their accesses, except for accesses that were
// not flushed. When the clock is set forward, entries expire early: if a
// machine starts in 1970 and gets its time later, an entry with a ttl that was
// set in between has expired then, and the others are the first to be evicted.
//
// Size (a file). When the limits were lowered, or many entries were removed or
// have expired, the file becomes smaller, in small steps in the background. It
// has 64 KiB at least. Small entries take several times their bytes: each has
// two rows and two or three index entries, on pages that are partly empty.
//
// A full disk (a file). A set that needs more space is kFull. What removes
// (invalidations, Clear, eviction, expiry, opening with lower limits) needs
// none: pages get their disk space before they are committed, the log is
// written over once it was checkpointed, and the lock file keeps 192 KiB in
// reserve where the file system can do that. Exceptions: a reader that holds an
// old snapshot prevents all of it, and an Invalidate of many keys at once may
// need more.
//
// Security. Put the file in a directory to which only trusted users may write.
// A symbolic link, a FIFO or a file of another user under the name of a file
// that belongs beside the cache is refused, and left unchanged: kUnsupported.
// So is a file with several hard links. Files of another user are accepted if
// all may write the cache file, or if its group may and they have that group. A
// symbolic link to the cache file itself is another name for the same cache.
//
// fork(). A cache that was opened before a fork may be used by the parent only:
// in the child its operations are kUnavailable, and its destructor releases
// nothing. The child can open a cache in memory or of another file. It cannot
// open a file that was open at the fork (kUnsupported), because SQLite keeps
// its locks in memory that the child has inherited: close the cache before the
// fork, and await its walks and snapshots, or exec after it. A fork waits for
// the cache's own threads; when other threads of the parent use SQLite during
// the fork, the child must exec before it uses SQLite.
//
// Limits. A key path has at most kMaxKeyBytes, otherwise kInvalidKey. An entry
// has at most max_bytes and its value at most kMaxValueBytes, otherwise
// kTooLarge; a set that is kTooLarge removes the key's entry, so that no reader
// takes it for the new value. Any other set that fails leaves the old value.
//
// Cost. In memory, a get is a lookup in a hash table and shares the value: no
// SQL, no lock and no copy. A value that is not in resident_bytes is read by a
// SELECT. A set is an insertion into the hash table, and a share of a flush. On
// a file, a get is one prepared SELECT by integer key and a copy of the value,
// and a set is one transaction. Gets go on while it runs. Each thread that
// reads from SQLite has a connection of its own, with a page cache of up to 8
// MiB; beyond 64 threads they share. bench/README.md has figures.
//
// Memory. An entry of 284 bytes in memory occupies about 420 in SQLite, 90 in
// the directory, and its own 284 while it is resident or pending. Beside them
// there is the log (0.5 MiB, more while a reader holds an old snapshot), up to
// write_behind_bytes of pending entries, and up to 16 MiB of replaced ones that
// a reader may still use. Stats reports each. A thread that sets also keeps up
// to 512 KiB of what was replaced, for its next sets, until it ends; and a
// pool, which all caches of the process share, keeps up to 1 MiB until one of
// them is closed.

#ifndef APPCACHE_SQLITE_CACHE_H_
#define APPCACHE_SQLITE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "appcache/cache.h"
#include "appcache/export.h"
#include "appcache/sqlite_cache_options.h"
#include "appcache/sqlite_entry.h"

struct sqlite3;

namespace appcache {

namespace lru {
class SqliteBackend;
}

class APPCACHE_EXPORT SqliteCache final : public Cache {
 public:
  static constexpr std::string_view kDefaultMemoryName = "pyappcache_memory";
  static constexpr size_t kMaxKeyBytes = size_t{1} << 20;
  static constexpr uint64_t kMaxValueBytes = uint64_t{900} << 20;

  // The latest time that is stored: the end of the year 9999.
  static constexpr TimePoint kMaxTime{
      std::chrono::microseconds(253'402'300'799'999'999)};

  using Opened = Result<std::unique_ptr<SqliteCache>>;

  // Opens a database in memory, shared by all caches of that name in the
  // process. It exists until the last of them, and the last connection from
  // ConnectInMemory, is closed. It is not SQLite's ":memory:". Errors:
  // kInvalidArgument (an option is out of range, or the database is open with
  // other limits).
  static Opened OpenInMemory(const SqliteCacheOptions& options = {},
                             std::string_view name = kDefaultMemoryName);

  // Opens a new database in memory with the entries of a cache file, their
  // expiry times and their recency: a warm start from a Snapshot. If they
  // exceed the limits, the most recently used ones are kept; an entry that is
  // too large is skipped and logged. Only reads the file, which may be in use.
  // Errors: kInvalidArgument (as above, or a database of this name exists
  // already); kUnavailable (the file is missing or cannot be read);
  // kUnsupported (not an appcache, or a newer version); kCorrupt (the file is
  // damaged); kBusy (its last user was killed, and another process recovers
  // it). After the last four, no database of this name exists. Costs a
  // check of the file's pages and a set of each entry.
  static Opened OpenInMemoryFrom(const std::string& path,
                                 const SqliteCacheOptions& options = {},
                                 std::string_view name = kDefaultMemoryName);

  // Opens a file, and creates it if it does not exist; its directory must
  // exist. Errors: kInvalidArgument as above, or the path ends in a slash or is
  // longer than SQLite's limit (about 500 bytes); kUnavailable (permissions, a
  // missing directory, I/O; the message says what to do. The native code is
  // EACCES or EROFS if this user may not write to the file, or to what belongs
  // beside it: nothing was changed, and OpenFileToRead may work); kUnsupported
  // (not an appcache, a newer version, or see "Security"); kBusy.
  static Opened OpenFile(const std::string& path,
                         const SqliteCacheOptions& options = {});

  // Opens a file that exists, to read it: also one that this user may read but
  // not write, or that is on a read-only file system. Creates no file, removes
  // what has expired from no file, and records no accesses. (Exception: if the
  // last user was killed, and this user may write to the directory, SQLite may
  // rebuild <path>-shm.) Gets, ForEachKey, ForEachEntry, Stats, Check and
  // Snapshot show what has been committed. Writes and CheckAndFix are
  // kUnavailable, with EROFS as the native code; Flush does nothing.
  //
  // The file may be in use. A call that finds that it was replaced goes on with
  // the new file; while there is none, calls are kUnavailable. A file whose
  // last user has closed it is read without locks where SQLite's need files
  // that this user may not create: a call during which it was written to is
  // repeated, and is kBusy in the end.
  //
  // The limits in `options` are not used, nor are the options about accesses
  // and expiry. Each cache that this opens has connections of its own. Errors:
  // kInvalidArgument as above; kUnavailable (the file is missing or may not be
  // read; it has a log with contents, but no index of it, and this user may not
  // make one); kUnsupported as above; kCorrupt; kBusy (another process recovers
  // the log).
  static Opened OpenFileToRead(const std::string& path,
                               const SqliteCacheOptions& options = {});

  // Uses a connection that the caller owns and keeps open until the cache and
  // its backend are gone. Creates the tables (entries, usage, meta) in the main
  // database if they do not exist, or the column for checksums if that does
  // not. Leaves the connection's pragmas, journal mode and busy handler alone.
  // Inside a transaction of the caller, the cache's writes are part of it, and
  // are undone with it; if that undoes the creation, open the cache again. No
  // background thread uses the connection: accesses are written by Flush and
  // Close, and by a set that evicts. The connection must be in serialised mode
  // (SQLite's default) if other threads use it at the same time. Errors:
  // kInvalidArgument; kUnsupported (tables of those names that are not
  // appcache's); kBusy, kUnavailable (what has to be created cannot be).
  static Opened OpenOn(sqlite3* connection,
                       const SqliteCacheOptions& options = {});

  // Opens a connection to the in-memory database of that name, to inspect it
  // with SQL from one thread at a time. The caller closes it with
  // sqlite3_close. It only reads: a statement that would change the database is
  // SQLITE_READONLY. While a statement on it is open it sees the cache of one
  // moment; sets and gets go on, and the log grows until it reaches
  // max_log_bytes. kUnavailable when no database of that name exists.
  static Result<sqlite3*> ConnectInMemory(
      std::string_view name = kDefaultMemoryName);

  // Closes the cache, unless its backend is still in use elsewhere. Logs a
  // failure of Close.
  ~SqliteCache() override;

  // Writes what waits to be written to SQLite: recorded accesses, and in memory
  // also what was set and removed. Then moves the write-ahead log into the
  // database as far as readers allow. After a failure everything still waits,
  // and is visible; the message says how many changes were not written.
  Status Flush();

  // Closes the database for this cache and its backend. The last user of the
  // database in the process flushes it first, and gets the error of that flush.
  // Waits for calls in progress in other threads; later calls are kUnavailable.
  // It does not wait for ForEachKey, ForEachEntry and Snapshot: these continue
  // on connections of their own, and until they return the database is open in
  // this process. A second Close is success. In memory, a Close from the
  // visitor of a Read is kInvalidArgument, as are writes and Flush.
  Status Close();

  // Calls `visit` with every entry that has not expired, in no particular
  // order, until it returns false. An entry that is set or removed while the
  // call runs may be visited or not; every other one is visited once. Reads in
  // small steps, so that a slow `visit` delays neither writers nor the log. Not
  // an access.
  Status ForEachKey(FunctionRef<bool(const EntryInfo&)> visit);
  Status ForEachEntry(FunctionRef<bool(const StoredEntry&)> visit);

  // Stores entries with their own recency and expiry in one transaction, as
  // when a dump is loaded. Skips expired ones. Evicts as a set does.
  // kInvalidArgument, and nothing is stored, when a time is before 1970 or
  // after kMaxTime.
  Status RestoreMany(std::span<const StoredEntry> entries);

  // Writes all entries of one moment, with their recency and expiry times, to a
  // file that OpenFile and OpenInMemoryFrom open, while the cache is in use.
  // The file at `path` is replaced in one step, and only if it is a cache;
  // after a failure it is unchanged. The new file has the owner and permissions
  // of the one that it replaces, as far as this process may give them; without
  // one, only this user may access it.
  // While it runs, the log may exceed max_log_bytes by the size of the
  // database. Errors: kBusy (the file is open as a cache), kUnsupported (it is
  // not a cache; or a connection passed to OpenOn is inside a transaction),
  // kCorrupt (it is a damaged cache), kUnavailable and kFull (the disk). Takes
  // the writer lock for a moment; with OpenOn, for the whole time. Not an
  // access.
  //
  // A database in memory has the times of Clock::Steady() and a file those of
  // Clock::Wall(), so Snapshot and OpenInMemoryFrom convert them. If
  // SqliteCacheOptions::clock is set, they leave the times as they are.
  Status Snapshot(const std::string& path);

  // Verifies the database: its pages, that the tables entries and usage hold
  // the same entries under the hashes of their keys, the checksums, and that
  // the number and size of the entries in meta match the rows. Reads all of it,
  // and blocks writers while it runs. CheckAndFix also rebuilds damaged
  // indexes, removes entries that are inconsistent or have a wrong checksum,
  // and corrects the counts. It does not repair damaged pages of tables: then
  // it is kCorrupt, and the next OpenFile sets the file aside. It gives no
  // entry a checksum.
  Result<CheckReport> Check();
  Result<CheckReport> CheckAndFix();

 private:
  SqliteCache(std::shared_ptr<lru::SqliteBackend> backend,
              CacheOptions options);
  template <class OpenEngine>
  static Opened Open(const SqliteCacheOptions& options,
                     const OpenEngine& open_engine);

  // Owned by Cache.
  lru::SqliteBackend& sqlite_;
};

}  // namespace appcache

#endif  // APPCACHE_SQLITE_CACHE_H_
