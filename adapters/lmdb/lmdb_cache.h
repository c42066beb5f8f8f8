// LmdbCache: a cache in a directory, kept in LMDB and shared by the processes
// of one machine.
//
//   auto cache = appcache::LmdbCache::Open("/var/cache/app");
//   if (!cache.ok()) return Fail(cache.status().ToString());
//   (*cache)->Set(Key<std::string>("greeting"), "hello",
//   std::chrono::hours(1));
//
// A read looks at memory that all processes have mapped, and neither writes nor
// waits for a writer. A write copies the pages that it changes and waits for
// the disk. Tested with LMDB 0.9.24.
//
// Room. The file, data.mdb, never takes more than max_bytes on the disk; it has
// that size from the beginning, as a sparse file (du tells what it takes), and
// never shrinks. About three quarters of it hold entries; the rest is what
// copying pages takes. When a set needs room, entries whose ttl has ended go
// first, then those that were WRITTEN first: LMDB has no cheap way to note a
// use, so this is FIFO and no LRU. Each write also removes a few entries whose
// ttl has ended. Each process evicts by its own max_bytes; one that opens a
// directory with less than it has grown to evicts as it sets.
//
// Durability. What a set or an invalidate has acknowledged survives the end of
// the process, kill -9 included; after a power failure the file is intact, but
// may lack the last write (MDB_NOMETASYNC).
//
// Damage. A file that is too short, or whose head is damaged, is kCorrupt when
// it is opened; a record that is damaged, or of an unknown version, is a miss
// with kCorrupt. A database that is not an appcache, or of a newer version, is
// kUnsupported. None of them is touched: remove the directory yourself. But
// LMDB has no checksums and trusts its pages: one that was overwritten may end
// the process, and so does cutting data.mdb while it is open, or a disk that
// cannot read it.
//
// Processes. Several may use one directory. Writers take turns through a lock
// file in it (appcache.lane), and wait for each other at most busy_timeout;
// programs that write without it (mdb_load) are waited for as long as it takes.
// A process that is stopped in the middle of a read keeps the pages that are
// freed meanwhile: when they run out, sets are kBusy. When the directory is
// removed or renamed, those who have it open go on with what they have, apart
// from those who open it then. Do not put it on a network file system, and do
// not open its files otherwise in a process that has it open (closing lock.mdb
// drops LMDB's locks).
//
// fork(). An object opened before a fork may be used by the parent only: in the
// child its operations are kUnavailable and its destructor releases nothing.
// Another directory can be opened there; one that was open at the fork cannot
// (kUnsupported): close it before the fork, or exec after it.
//
// Limits. A value: max_value_bytes of Traits(), 1/32 of max_bytes, and at most
// 1 GiB. A key path: half of that, and at most kMaxKeyBytes; those over 510
// bytes are stored under a hash, and compared when they are read. Larger is
// kTooLarge, which removes what the key held, and kInvalidKey. After any other
// failed set the key holds the old value, or nothing if that was evicted.
//
// Cost. A get: a search of mapped pages, and a copy of the value. A set: a
// transaction that writes some pages and waits until they are on the disk. A
// batch is one transaction, as long as it fits: 1/32 of max_bytes, and one
// entry for each 128 KiB of it; larger ones take several. At most 64 reads of a
// process go on at once; more wait. bench/README.md has figures.

#ifndef APPCACHE_ADAPTERS_LMDB_LMDB_CACHE_H_
#define APPCACHE_ADAPTERS_LMDB_LMDB_CACHE_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/cache.h"
#include "engine/clock.h"

namespace appcache {

struct LmdbCacheOptions {
  // Prefix, compressor, log: see cache.h.
  CacheOptions cache;

  // What the file takes at most. From kMinBytes (or 256 pages, where a page has
  // more than 4 KiB) to kMaxBytes. All LmdbCaches of one directory in one
  // process must agree.
  uint64_t max_bytes = uint64_t{1} << 30;

  // How long an operation waits for others (a writer in this or another
  // process, a reader that keeps the pages that are free) before it is kBusy.
  // From 0 ms to a day.
  std::chrono::milliseconds busy_timeout{2000};

  // Null: Clock::Wall().
  std::shared_ptr<const Clock> clock;
};

// Thread-safe.
class LmdbCache final : public Cache {
 public:
  static constexpr uint64_t kMinBytes = uint64_t{1} << 20;
  static constexpr uint64_t kMaxBytes = uint64_t{1} << 44;
  static constexpr uint64_t kMaxKeyBytes = uint64_t{1} << 20;

  using Opened = Result<std::unique_ptr<LmdbCache>>;

  // The directory is made, for this user alone, if it is not there; its parent
  // must exist. Errors: kInvalidArgument (an option out of range, or another
  // max_bytes than this process has it open with); kUnavailable (permissions, a
  // missing parent, no directory); kUnsupported (not an appcache, or another
  // version's; a child forked while it was open); kCorrupt; kBusy; kFull.
  static Opened Open(const std::string& directory,
                     LmdbCacheOptions options = {});

  ~LmdbCache() override;

  BackendTraits Traits() const override;
  // LMDB's version.
  Result<std::string> Ping() override;

  Lookup<Bytes> GetRaw(std::string_view path) override;
  Status SetRaw(std::string_view path, std::string_view value,
                Ttl ttl) override;
  // One write transaction. What it evicts for room it evicts only if it adds.
  // kTooLarge changes nothing; after another failure the key holds what it
  // held, or nothing if that was evicted.
  Result<bool> AddRaw(std::string_view path, std::string_view value,
                      Ttl ttl) override;
  Status InvalidateRaw(std::string_view path) override;

  // Of paths of up to 510 bytes, which are in order, only those that begin so
  // are looked at; of longer ones, which are kept by a hash, all: 0.5 to 0.7 ms
  // for each 1,000 of them. They are looked for without holding up a writer,
  // and removed in transactions as long as a batch's, 1 to 4 us for each. A
  // damaged record under a hash stays, as nobody knows its path. "" removes it
  // too, in one transaction, as Clear does.
  Status InvalidatePrefixRaw(std::string_view path_prefix) override;

  // REMOVES EVERY ENTRY OF THE DIRECTORY, whatever the prefix, for all
  // processes. The file keeps its size.
  Status ClearRaw() override;

  Lookup<Ttl> TtlRaw(std::string_view path) override;
  Lookup<TimedBytes> GetTimedRaw(std::string_view path) override;

  // One read transaction: the values are of one moment.
  std::vector<Lookup<Bytes>> GetManyRaw(
      std::span<const std::string_view> paths) override;
  std::vector<Lookup<TimedBytes>> GetManyTimedRaw(
      std::span<const std::string_view> paths) override;
  // Values that are too large are removed, and the others stored. After another
  // failure the transactions before it are done.
  Status SetManyRaw(std::span<const RawEntry> entries) override;
  Status InvalidateManyRaw(std::span<const std::string_view> paths) override;

 protected:
  // Counters are those of this object; `entries` is everybody's.
  CacheStats RawStats() const override;

 private:
  struct State;

  LmdbCache(CacheOptions options, std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace appcache

#endif  // APPCACHE_ADAPTERS_LMDB_LMDB_CACHE_H_
