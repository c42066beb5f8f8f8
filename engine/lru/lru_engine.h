// LruEngine: one open database, its limits, and the recency of its entries.
//
// All SqliteCaches of one database in a process share one engine. It connects
// the parts: sessions read, the holder of the writer lock writes, the policy
// chooses victims, and maintenance writes accesses and removes expired entries.
//
//   Get: hash -> session of this thread -> hot value, or SELECT -> expired?
//        -> access
//   Set: batch -> writer lock -> Writer::Apply (puts, evictions) -> checkpoint?
//
// Reads are in read.cc, writes in write.cc, InvalidatePrefix in
// invalidate_prefix.cc, the work of maintenance in maintenance_work.cc, and the
// check of the whole database in check.cc.

#ifndef APPCACHE_ENGINE_LRU_LRU_ENGINE_H_
#define APPCACHE_ENGINE_LRU_LRU_ENGINE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/log.h"
#include "appcache/sqlite_entry.h"
#include "engine/lru/maintenance.h"
#include "engine/lru/sessions.h"
#include "engine/policy/eviction.h"
#include "engine/policy/pending_accesses.h"
#include "engine/policy/tick_source.h"
#include "engine/residency/hot_values.h"
#include "engine/store/checkpoint.h"
#include "engine/store/database.h"
#include "engine/store/free_pages.h"
#include "engine/store/reader.h"
#include "engine/store/size_limit.h"
#include "engine/store/snapshot_file.h"
#include "engine/store/write_batch.h"
#include "engine/store/writer.h"
#include "engine/support/fork_guard.h"

namespace appcache::lru {

// Thread-safe. Functions may throw std::bad_alloc, and have then done nothing.
//
// Lock order: the writer lock, Sessions::mutex_, a session's mutexes, the mutex
// of a borrowed connection. The mutexes of PendingAccesses and Maintenance are
// taken last, for a moment, as are those of the hot values, one at a time. The
// mutex of the registry comes before the writer lock.
class LruEngine {
 public:
  struct Settings {
    policy::Limits limits;
    std::chrono::milliseconds busy_timeout{0};
    std::chrono::milliseconds touch_flush_interval{0};
    size_t touch_flush_count = 0;
    std::chrono::milliseconds expiry_sweep_interval{0};
    std::optional<uint64_t> max_database_bytes;
    uint64_t resident_bytes = 0;
    uint64_t max_log_bytes = 0;
    std::shared_ptr<const Clock> clock;
    std::string vfs;  // for snapshots
    LogSink log;
  };

  static Result<std::shared_ptr<LruEngine>> Make(
      std::unique_ptr<store::Database> database, Settings settings);
  // Closes. Must not run in a forked child: there the object is leaked.
  ~LruEngine();

  const policy::Limits& limits() const noexcept { return settings_.limits; }
  std::optional<uint64_t> max_database_bytes() const noexcept {
    return settings_.max_database_bytes;
  }
  bool in_child() const noexcept { return fork_guard_.in_child(); }
  const std::string& name() const noexcept { return database_->name(); }
  const std::string& vfs() const noexcept { return settings_.vfs; }
  bool is_persistent() const noexcept { return database_->is_persistent(); }

  // The operations of SqliteBackend.
  Lookup<Bytes> Get(std::string_view path);
  Lookup<TimedBytes> GetTimed(std::string_view path);
  Lookup<Ttl> GetTtl(std::string_view path);
  Status Set(std::span<const RawEntry> entries);
  Result<bool> Add(const RawEntry& entry);
  Status Restore(std::span<const StoredEntry> entries);
  Status Invalidate(std::span<const std::string_view> paths);
  Status InvalidatePrefix(std::string_view prefix);
  Status Clear();
  Status Flush();
  Status Close();
  Status ForEach(store::Walk::With with,
                 FunctionRef<bool(const StoredEntry&)> visit);
  Result<CheckReport> Check();
  Result<CheckReport> CheckAndFix();
  // Writes the entries of one moment to `file`, which is not created yet.
  Status CopyTo(store::SnapshotFile& file);
  // Adds the entries of a cache file, with their recency.
  Status LoadFrom(const store::Connection& source);
  CacheStats Stats();
  Lookup<policy::Counts> ReadCounts();

 private:
  using Held = internal::WriterLane::Held;

  // What a transaction does besides its batch. See write.cc.
  class Hooks;
  class EvictingHooks;
  class PuttingHooks;
  class RoomHooks;
  class RestoringHooks;
  class SweepingHooks;

  LruEngine(std::unique_ptr<store::Database> database, Settings settings);
  Status Start();

  int64_t Hash(std::string_view path) const noexcept;
  Status Closed() const;
  Status CheckUsable() const;
  Status CheckPath(std::string_view path) const;
  // Passes a failure on to the caller. Reports damage.
  Status Noted(Status status) noexcept;

  // --- Reads.

  // `read(session)` with the session of this thread, whose mutex is held.
  template <class V, class Read>
  Lookup<V> WithSession(const Read& read);
  // `make(found, now)` for the entry at `path`. Counts it as an access.
  template <class V, class MakeValue>
  Lookup<V> Access(std::string_view path, const MakeValue& make);
  // The value at `path`, from memory or from SQLite.
  Lookup<store::FoundValue> Find(Session& session, int64_t h,
                                 std::string_view path);
  void RecordAccess(Session& session, int64_t h, TimePoint now) noexcept;
  // Takes the writer lock if the database has a single connection.
  Status EnterToRead(std::optional<Held>& held);

  // --- Writes.

  // Takes the writer lock, and checks that the database can be written.
  Result<Held> EnterToWrite();
  // Applies the batch in one transaction. REQUIRES: EnterToWrite succeeded and
  // the lock is still held.
  Status ApplyLocked(const store::WriteBatch& batch, Hooks& hooks,
                     store::WriteResult& result);
  // Both.
  Status Apply(const store::WriteBatch& batch, Hooks& hooks,
               store::WriteResult& result);
  // What every write of a caller does first.
  Status PrepareWrite();
  bool TooManyPending() const;
  void Count(const store::WriteResult& result) noexcept;

  // Applies a batch that has failed because the database has reached
  // max_database_bytes: a batch that puts, after an eviction; any other,
  // without that limit. Returns `full`, its failure, if the limit is not the
  // cause. REQUIRES: as ApplyLocked.
  Status ApplyAtSizeLimit(const store::WriteBatch& batch, Hooks& hooks,
                          Status full, store::WriteResult& result);
  // Evicts for puts of `bytes`, and notes how many bytes fit. REQUIRES: as
  // ApplyLocked.
  Status MakeRoom(uint64_t bytes);

  // kTooLarge, with `consequence` in the message, or success.
  Status CheckSize(const store::Row& row, std::string_view consequence) const;
  // Adds a put to the batch; or, when the entry is too large, a removal of its
  // key, which counts in `too_large`.
  struct TooLarge {
    Status status;  // of the first one
    uint64_t entries = 0;
  };
  void AddPut(const store::Row& row, store::WriteBatch& batch,
              TooLarge& too_large) const;

  // Removes the surplus of a database that was filled under larger limits.
  // Releases the writer lock between batches.
  Status EvictToLimits(TimePoint now);

  // Removes those of the entries whose keys start with `prefix`, in batches,
  // and adds their number to `removed`.
  Status RemovePrefix(std::span<const int64_t> hashes, std::string_view prefix,
                      uint64_t& removed);
  Status FindAndRemovePrefix(std::string_view prefix, uint64_t& removed);

  // CopyTo, with and without readers of its own.
  Status CopyBesideWriters(store::SnapshotFile& file);
  Status CopyLocked(store::SnapshotFile& file);
  // LoadFrom for some entries of `source`.
  Status Load(std::span<const StoredEntry> entries, const std::string& source);

  // --- Maintenance.

  // Writes the pending accesses. Releases the writer lock between batches.
  Status FlushAccesses();
  Status FlushIfRested(TimePoint now);
  Status SweepExpired(TimePoint now);
  // Returns the memory of removed entries. Releases the writer lock between
  // steps.
  Status Shrink();
  // Whether memory beyond the pages of `counts` has been returned.
  bool HasReturned(const store::PageCounts& counts) const;
  // After a commit: schedules Shrink if few bytes are left.
  void NoteSize(int64_t bytes) noexcept;
  void Maintain() noexcept;
  // Schedules a flush at `due`, or when the pause after the last one ends.
  void ArmFlush(TimePoint now, TimePoint due) noexcept;
  TimePoint EndOfRest(TimePoint now) const noexcept;
  void ArmSweep(TimePoint now, int64_t expires_at_ms) noexcept;

  Result<CheckReport> CheckWith(bool fix);
  // REQUIRES: the writer lock is held.
  Result<CheckReport> CheckLocked(bool fix);

  const internal::ForkGuard fork_guard_;
  const Settings settings_;
  policy::TickSource ticks_;
  policy::PendingAccesses pending_;
  // kMoved: the database is no longer the file at its path.
  enum class State { kOpen, kMoved, kClosed };
  std::atomic<State> state_{State::kOpen};
  std::atomic<bool> is_suspect_{false};
  // Maintenance does not flush earlier.
  std::atomic<TimePoint> next_flush_{TimePoint()};

  // Guarded by the writer lock. The statements of writer_ are destroyed before
  // database_, which owns their connection.
  std::unique_ptr<store::Database> database_;
  store::Writer writer_;
  store::Checkpointer checkpointer_;
  store::SizeLimit size_limit_;
  // The bytes of entries that fit into max_database_bytes, as far as is known.
  std::optional<uint64_t> fitting_bytes_;
  // The most bytes of entries since the database was last made smaller.
  int64_t peak_bytes_ = 0;
  // That has removed pages: what is removed afterwards, however little, is
  // returned too, after a while.
  bool has_shrunk_ = false;
  bool is_shrinking_ = false;  // and has removed pages

  std::atomic<bool> shrink_is_due_{false};

  // Null where others write to the database too, or without resident_bytes.
  std::unique_ptr<residency::HotValues> hot_;

  // Used by the maintenance thread, which logs a repeated failure once.
  std::optional<ErrorCode> last_failure_;

  std::shared_ptr<Sessions> sessions_;
  // Null for a borrowed connection, which no background thread may use.
  std::unique_ptr<Maintenance> maintenance_;

  std::atomic<uint64_t> sets_{0};
  std::atomic<uint64_t> invalidations_{0};
  std::atomic<uint64_t> write_errors_{0};
  std::atomic<uint64_t> evictions_{0};
  std::atomic<uint64_t> expirations_{0};
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_LRU_ENGINE_H_
