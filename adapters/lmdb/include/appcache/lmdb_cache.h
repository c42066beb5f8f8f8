// LmdbCache: a cache in a directory, stored in LMDB and shared by the processes
// of one machine.
//
//   auto cache = appcache::LmdbCache::Open("/var/cache/app");
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   const appcache::Key<std::string> greeting("greeting");
//   const auto stored =
//       (*cache)->Set(greeting, "hello", std::chrono::hours(1));
//   if (!stored.ok()) return Fail(stored.ToString());
//
// A read searches pages that all processes map, and copies the value. It does
// not wait for writers, and writes nothing unless it notices that the clock was
// set back (see Clock). A write copies the pages that it changes and waits
// until they are on the disk. Tested with LMDB 0.9.24.
//
// Size. The file data.mdb never occupies more than max_bytes on the disk. It is
// created with that size, as a sparse file (du shows what it occupies), and
// never shrinks. About three quarters of it hold entries; the rest is needed
// for copies of changed pages. Each write removes up to 8 expired entries. A
// set that still lacks room evicts the entries that were WRITTEN first: this is
// FIFO, not LRU, because LMDB has no cheap way to record an access. Each
// process evicts by its own max_bytes: if the entries of a directory need more,
// its next sets evict.
//
// A full disk. A set that needs more space evicts, and is kFull if that does
// not help. For invalidations and Clear, which copy pages too, the lock file
// keeps 192 KiB in reserve, where the file system can do that.
//
// Durability. An acknowledged set or invalidate survives the end of the
// process, kill -9 included. After a power failure the file is intact, but may
// lack the last write (MDB_NOMETASYNC).
//
// Damage. Open reads up to 4096 pages of the file, those near the roots first,
// and returns kCorrupt if one of their headers or page numbers is wrong, or the
// file is too short. It returns kUnsupported for a database that is not
// appcache's or has another version of the format, and for a link, a FIFO or a
// file of another user in the directory (other than root, the owner of the
// directory, and those who may write to it by their group). It changes none of
// them; remove the directory yourself. A read of a damaged record, or of one
// with an unknown version, is a miss with kCorrupt. LMDB has no checksums and
// trusts its pages: a page that Open has not read may crash the process
// (SIGSEGV, SIGABRT), and so may truncating data.mdb while it is open, or a
// disk that cannot read it. Each read checks a checksum of the whole record, so
// a value whose bytes were changed is not returned, except for one that a build
// before record version 2 wrote: there, only the first 240 bytes are checked.
//
// Versions. Builds before record version 2 do not read the records of this one:
// to them each is a miss with kCorrupt, until they set the key or evict the
// entry. This build reads theirs. So both can use a directory at the same time.
//
// The clock. Expiry times are those of the wall clock. When it was set back by
// more than 10 s, the next open, the next write, or the next read of an entry
// that was written later than now notices that. From then on no entry lives
// longer than its ttl, with a tolerance of 10 s. That open corrects all
// entries; a write or a read, up to 1,024 of them in a transaction of its own
// (a read only if no other writer is active), and the following writes go on.
// The same holds where processes have clocks that differ.
//
// Processes. Several processes may use one directory. Writers take turns by
// locking a file in it (appcache.lane), and each waits at most busy_timeout.
// There is no limit on the wait for a program that writes without that lock
// (mdb_load). A process that is stopped in the middle of a read prevents the
// reuse of all pages that are freed after it began; when none are left, sets
// are kBusy. When the directory is renamed, caches that have it open continue
// to use its files. When it is removed, their writes are kUnavailable; close
// them and open the directory again. Whoever opens the old name gets other
// files.
// Do not use a network file system. Do not open the files of the directory by
// other means in a process that has it open: closing lock.mdb drops LMDB's
// locks.
//
// Permissions. Whoever opens a directory must be allowed to write to its files,
// also to read: a reader registers in lock.mdb which pages it needs, and
// without that a writer, who may come at any time, would overwrite them. So
// there is no way to open a directory to read only; kUnavailable otherwise,
// with EACCES or EROFS as the native code.
//
// fork(). A cache that was opened before a fork works in the parent only. In
// the child its operations are kUnavailable and its destructor releases
// nothing. A WalkRaw whose visitor forks visits no further entry in the child,
// and is kUnavailable there. The child may open other directories. It cannot
// open one that was open at the fork (kUnsupported): close it before the fork,
// or exec after it.
//
// Limits. A value has at most Traits().max_value_bytes: 1/32 of max_bytes, and
// no more than 1 GiB. A key path has at most half of that, and no more than
// kMaxKeyBytes. A path of over 510 bytes is stored under its hash, in one
// record with the value, and counts towards the limit of the value. A larger
// value is kTooLarge, and the key is then empty; a longer path is kInvalidKey.
// After any other failed set the key holds its old value, or none if that was
// evicted.
//
// Add-if-absent (Backend::AddRaw) is one write transaction. It evicts only if
// it adds. kTooLarge changes nothing.
//
// Batches. A batch of reads is one read transaction: its values are those of
// one moment. A batch of writes is one transaction if its records have at most
// 1/32 of max_bytes in total, and it has at most one entry for each 128 KiB of
// max_bytes. Otherwise it takes several. The keys of values that are too large
// are then empty, and the other entries are stored. After another failure, the
// transactions before it are done.
//
// InvalidatePrefix examines the entries of the prefix, and all entries whose
// path has over 510 bytes: 0.5 to 0.7 ms for 1,000 of those. It searches
// without holding the writer lock and removes in transactions of the size of a
// batch, 1 to 4 us for each entry. A damaged record that is stored under a hash
// stays, because its path is unknown. An empty path prefix removes all entries
// in one transaction, as Clear does.
//
// WalkRaw copies entries in short read transactions, and visits each once. It
// examines the entries that InvalidatePrefix would. kCorrupt when it has left
// out damaged records. SetTtlRaw writes the record again, in one transaction,
// and is a write for the order of eviction.
//
// Clear REMOVES EVERY ENTRY OF THE DIRECTORY, whatever the prefix, for all
// processes. The file keeps its size.
//
// Stats. The counters are those of this object; `entries` counts the entries of
// all processes. Ping returns LMDB's version.
//
// Cost. A get searches mapped pages and copies the value once. A set writes
// some pages and waits until they are on the disk. At most 64 reads of one
// process run at a time; more wait, at most busy_timeout. bench/README.md has
// figures.

#ifndef APPCACHE_LMDB_CACHE_H_
#define APPCACHE_LMDB_CACHE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "appcache/cache.h"
#include "appcache/error.h"
#include "appcache/export.h"
#include "appcache/lmdb_cache_options.h"

namespace appcache {

// Thread-safe.
class APPCACHE_EXPORT LmdbCache final : public Cache {
 public:
  static constexpr uint64_t kMaxKeyBytes = uint64_t{1} << 20;

  using Opened = Result<std::unique_ptr<LmdbCache>>;

  // Opens the cache in `directory`. Creates the directory, for this user alone,
  // if it does not exist; its parent must exist. Errors: kInvalidArgument (an
  // option is out of range, or this process has the directory open with another
  // max_bytes); kUnavailable (permissions, no parent, not a directory);
  // kUnsupported (a database that is not appcache's or has another version; a
  // child that was forked while the directory was open); kCorrupt; kBusy;
  // kFull.
  static Opened Open(const std::string& directory,
                     LmdbCacheOptions options = {});

  ~LmdbCache() override;

 private:
  LmdbCache(std::shared_ptr<Backend> backend, CacheOptions options);
};

}  // namespace appcache

#endif  // APPCACHE_LMDB_CACHE_H_
