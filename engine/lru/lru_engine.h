// LruEngine: one open database, its limits, and the recency of its entries.
//
// It connects the parts: sessions read, the holder of the writer lock writes,
// the policy chooses victims, and maintenance writes accesses and removes
// expired entries.
//
//   Get: hash -> session of this thread -> SELECT -> expired? -> access
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
#include <vector>

#include "appcache/backend.h"
#include "appcache/clock.h"
#include "appcache/function_ref.h"
#include "appcache/log.h"
#include "appcache/sqlite_entry.h"
#include "engine/lru/engine.h"
#include "engine/lru/maintenance.h"
#include "engine/lru/sessions.h"
#include "engine/policy/eviction.h"
#include "engine/policy/pending_accesses.h"
#include "engine/policy/recent_reads.h"
#include "engine/policy/tick_source.h"
#include "engine/store/audit.h"
#include "engine/store/checkpoint.h"
#include "engine/store/database.h"
#include "engine/store/file_space.h"
#include "engine/store/free_pages.h"
#include "engine/store/reader.h"
#include "engine/store/size_limit.h"
#include "engine/store/snapshot_file.h"
#include "engine/store/time_correction.h"
#include "engine/store/write_batch.h"
#include "engine/store/writer.h"
#include "engine/support/fork_guard.h"
#include "engine/support/striped_counter.h"

namespace appcache::lru {

// Thread-safe. Functions may throw std::bad_alloc, and have then done nothing.
//
// Lock order: the writer lock, Sessions::mutex_, a session's mutexes, the mutex
// of a borrowed connection. The mutexes of PendingAccesses and Maintenance are
// taken last, for a moment. The mutex of the registry comes before the writer
// lock.
class LruEngine final : public Engine {
 public:
  struct Settings {
    policy::Limits limits;
    std::chrono::milliseconds busy_timeout{0};
    std::chrono::milliseconds touch_flush_interval{0};
    size_t touch_flush_count = 0;
    std::chrono::milliseconds expiry_sweep_interval{0};
    std::optional<uint64_t> max_database_bytes;
    uint64_t max_log_bytes = 0;
    std::shared_ptr<const Clock> clock;
    std::string vfs;  // for snapshots
    LogSink log;
  };

  // Makes an engine that keeps the limits and removes what has expired.
  static Result<std::shared_ptr<LruEngine>> Make(
      std::unique_ptr<store::Database> database, Settings settings);
  // Makes one that stores what a ResidentEngine gives it, and removes nothing
  // by itself.
  static Result<std::shared_ptr<LruEngine>> MakeStorage(
      std::unique_ptr<store::Database> database, Settings settings);
  // Closes. Must not run in a forked child: there the object is leaked.
  ~LruEngine() override;

  const policy::Limits& limits() const noexcept override {
    return settings_.limits;
  }
  std::optional<uint64_t> max_database_bytes() const noexcept override {
    return settings_.max_database_bytes;
  }
  std::optional<WriteWindow> write_window() const noexcept override {
    return std::nullopt;
  }
  bool in_child() const noexcept override { return fork_guard_.in_child(); }
  const std::string& name() const noexcept override {
    return database_->name();
  }
  const std::string& vfs() const noexcept override { return settings_.vfs; }
  bool is_persistent() const noexcept override {
    return database_->is_persistent();
  }
  const Clock& clock() const noexcept override { return *settings_.clock; }

  Lookup<Bytes> Get(std::string_view path) override;
  Lookup<size_t> View(std::string_view path, ValueVisitor visitor) override;
  Lookup<TimedBytes> GetTimed(std::string_view path) override;
  Lookup<Ttl> GetTtl(std::string_view path) override;
  Status Set(std::span<const RawEntry> entries) override;
  Result<bool> Add(const RawEntry& entry) override;
  Result<bool> SetTtl(std::string_view path, Ttl ttl) override;
  Status Restore(std::span<const StoredEntry> entries) override;
  Status Invalidate(std::span<const std::string_view> paths) override;
  Status InvalidatePrefix(std::string_view prefix) override;
  Status Clear() override;
  Status Flush() override;
  Status Close() override;
  Status ForEach(store::Walk::With with, std::string_view prefix,
                 FunctionRef<bool(const StoredEntry&)> visit) override;
  Result<CheckReport> Check() override;
  Result<CheckReport> CheckAndFix() override;
  Status CopyTo(store::SnapshotFile& file) override;
  Status Load(std::span<const StoredEntry> entries,
              const std::string& source) override;
  CacheStats Stats() override;
  Status Ping() override;

  // --- For a FileEngine.

  // False after Close, and after a call has found that the file was removed,
  // renamed or replaced. Then calls fail and nothing is written, unless the
  // file has returned: IsInPlace finds that out.
  bool is_open() const noexcept {
    return state_.load(std::memory_order_acquire) == State::kOpen;
  }
  bool IsInPlace() noexcept;
  // See store::Database. Holds the writer lock while it removes, so that nobody
  // who opens the path puts a log there.
  Status RemoveOwnLog();
  // Stats without what only the database knows. Works after Close too.
  CacheStats Counters();

  // --- For a ResidentEngine.

  static Status UsedInChild();
  int64_t hash_seed() const noexcept { return database_->hash_seed(); }

  // Applies the batch in one transaction, and chooses no victims. REQUIRES:
  // every row has a tick.
  Status Write(const store::WriteBatch& batch);
  // Calls visit(value, expires_at_ms) for the row with this h and key; the
  // value is valid during the call. Not an access.
  Lookup<size_t> ReadRow(int64_t h, std::string_view path,
                         FunctionRef<void(std::string_view, int64_t)> visit);
  Lookup<int64_t> ReadRowExpiry(int64_t h, std::string_view path);
  // A connection that sees what was committed.
  Result<store::Connection> ConnectReader() const {
    return database_->ConnectReader();
  }
  // Calls `visit` with the hashes of all rows whose key starts with `prefix`,
  // some at a time and often none, and at the end with `is_last`.
  Status ForEachWithPrefix(
      std::string_view prefix,
      FunctionRef<Status(std::span<const int64_t> hashes, bool is_last)> visit);
  // As Check and CheckAndFix. Calls `visit` with every sound row, while nobody
  // can write; the problems that it reports are part of the result.
  Result<CheckReport> CheckRows(
      bool fix,
      FunctionRef<void(const store::AuditedEntry&, CheckReport&)> visit);
  // CopyTo in two steps: begins to read the entries of this moment, and copies
  // them to a file that was created. Between them nobody waits.
  struct Copy {
    // Outlives the reader, which needs it.
    std::unique_ptr<store::Checkpointer::Allowance> allowance;
    store::Connection reader;
    TimePoint now;
  };
  Result<Copy> BeginCopy();
  Status FinishCopy(Copy copy, store::SnapshotFile& file);
  std::optional<store::MemoryUse> memory_use() const {
    return database_->memory_use();
  }

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
  // Evicts down to the limits, and starts to remove what has expired.
  Status StartPolicy();
  // Read what the functions of the same names in store::Writer read.
  // FirstExpiry takes the writer lock, because maintenance may run already.
  Result<int64_t> NewestAccess();
  Result<std::optional<int64_t>> FirstExpiry();

  int64_t Hash(std::string_view path) const noexcept;
  Status Closed() const;
  Status CheckUsable();
  Status CheckPath(std::string_view path);
  // Passes a failure on to the caller. Reports damage.
  Status Noted(Status status) noexcept;

  // --- Reads.

  // `read(session, reader)` with the session of this thread, whose mutex is
  // held, and its reader.
  template <class V, class Read>
  Lookup<V> WithSession(const Read& read);
  // `make(found, now)` for the entry at `path`. Counts the access, and any
  // failure of it.
  template <class V, class MakeValue>
  Lookup<V> Access(std::string_view path, const MakeValue& make);
  // The same, without counting a failure.
  template <class V, class MakeValue>
  Lookup<V> TryAccess(std::string_view path, const MakeValue& make);
  Lookup<policy::Counts> ReadCounts();
  void RecordAccess(Session& session, int64_t h, TimePoint now) noexcept;
  // Takes the writer lock if the database has a single connection.
  Status EnterToRead(std::optional<Held>& held);

  // --- Writes.

  // Takes the writer lock, and checks that this engine is open and its file in
  // place.
  Result<Held> EnterInPlace();
  // The same, and makes room in the log.
  Result<Held> EnterToWrite();
  // Counts failed writes, but not those that found this engine not open: a
  // FileEngine may repeat them, and counts.
  void CountWriteErrors(uint64_t entries) noexcept;
  // Applies the batch in one transaction. REQUIRES: EnterToWrite succeeded, and
  // the lock was held since.
  Status ApplyLocked(const store::WriteBatch& batch, Hooks& hooks,
                     store::WriteResult& result)
      APPCACHE_REQUIRES(database_->lane());
  // Both.
  Status Apply(const store::WriteBatch& batch, Hooks& hooks,
               store::WriteResult& result);
  // What every write of a caller does first.
  Status PrepareWrite();
  bool TooManyPending() const;
  void Count(const store::WriteResult& result) noexcept;
  // For the curve of hit ratios.
  // `stored`: the number of all entries.
  void NoteSets(std::span<const RawEntry> entries, TimePoint now,
                int64_t stored) noexcept;
  void NoteRemoval(int64_t h) noexcept {
    if (reads_ != nullptr) reads_->NoteRemoval(h);
  }

  // Applies a batch that has failed because the disk is full, without the need
  // for more space. Returns `full`, its failure, if that is not possible.
  Status ApplyOnFullDisk(const store::WriteBatch& batch, Hooks& hooks,
                         Status full, store::WriteResult& result)
      APPCACHE_REQUIRES(database_->lane());
  // Applies a batch that has failed because the database has reached
  // max_database_bytes: a batch that puts, after an eviction; any other,
  // without that limit. Returns `full`, its failure, if the limit is not the
  // cause. Sets `is_refused` if it is, and an eviction did not help.
  Status ApplyAtSizeLimit(const store::WriteBatch& batch, Hooks& hooks,
                          Status full, store::WriteResult& result,
                          bool& is_refused)
      APPCACHE_REQUIRES(database_->lane());
  // Evicts for puts of `bytes`, and notes how many bytes fit.
  Status MakeRoom(uint64_t bytes) APPCACHE_REQUIRES(database_->lane());

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

  // CopyTo without readers of its own.
  Status CopyLocked(store::SnapshotFile& file);

  // --- Maintenance.

  // See follow_clock.cc. An access of this time or later is ahead of the clock.
  int64_t LatestTick(TimePoint now) const noexcept;
  // Notices that the clock was set back. `now` is a time that was just read.
  // Ticks go on as they were until accesses are corrected.
  void NoteTime(TimePoint now) noexcept;
  // Adds accesses. Some may be of before the ticks were set back.
  void AddPending(std::span<policy::Access> accesses) noexcept;
  // Makes IsAhead true, and schedules FollowClock.
  void NoteAhead(TimePoint now) noexcept;
  // Whether accesses that are ahead may be in SQLite.
  bool IsAhead() const noexcept {
    return times_corrected_.load(std::memory_order_relaxed) !=
           times_ahead_.load(std::memory_order_relaxed);
  }
  // Corrects the accesses in SQLite that are ahead, and sets the ticks back if
  // they are. Releases the writer lock between batches.
  Status FollowClock();
  // The first batch of that, before a write: an entry that is set must not look
  // older than all others. Failures are left to FollowClock.
  void FollowClockBeforeWrite() APPCACHE_REQUIRES(database_->lane());

  // The steps of both.
  struct Correction {
    uint64_t times_ahead = 0;  // that it corrects
    TimePoint now;
    store::TimeCorrection rows;
  };
  Correction BeginCorrection() APPCACHE_REQUIRES(database_->lane());
  // In a transaction. Returns whether no rows are left.
  Result<bool> CorrectRows(Correction& correction, size_t most)
      APPCACHE_REQUIRES(database_->lane());
  void EndCorrection(const Correction& correction) noexcept
      APPCACHE_REQUIRES(database_->lane());
  void SetTicksBack(const Correction& correction) noexcept
      APPCACHE_REQUIRES(database_->lane());
  int64_t FirstCorrectionTick(TimePoint now) const noexcept
      APPCACHE_REQUIRES(database_->lane());
  // Makes later ticks larger than those in SQLite that are not ahead.
  void AdvanceTicksPast(const store::TimeCorrection& rows, bool is_complete)
      APPCACHE_REQUIRES(database_->lane());
  // The same within a transaction, after others have written and `newest` is
  // the last access. If it is ahead, `corrects` the first rows at once.
  Status FollowForeignTicks(int64_t newest, bool corrects)
      APPCACHE_REQUIRES(database_->lane());
  struct StoredTimes {
    int64_t last_used = 0;
    std::optional<TimePoint> expires_at;
  };
  // The times of entries to restore. Those with an access that is ahead are
  // corrected as FollowClock would do it.
  std::vector<StoredTimes> TimesToRestore(std::span<const StoredEntry> entries,
                                          TimePoint now) const;
  void LogCorrection(const store::TimeCorrection& rows, TimePoint now);
  // Writes the pending accesses. Releases the writer lock between batches.
  Status FlushAccesses();
  Status FlushIfRested(TimePoint now);
  Status SweepExpired(TimePoint now);
  // Returns the memory of removed entries. Releases the writer lock between
  // steps.
  Status Shrink();
  // Schedules Shrink if a file that was just opened has many free pages.
  Status ShrinkIfSparse(TimePoint now);
  // Whether memory beyond the pages of `counts` has been returned.
  bool HasReturned(const store::PageCounts& counts) const;
  // After a commit: schedules Shrink if few bytes are left.
  void NoteSize(int64_t bytes) noexcept APPCACHE_REQUIRES(database_->lane());
  // Allocates the reserve again that a removal on a full disk has used.
  Status RestoreReserve(TimePoint now);
  void Maintain() noexcept;
  // Schedules a flush at `due`, or when the pause after the last one ends.
  void ArmFlush(TimePoint now, TimePoint due) noexcept;
  TimePoint EndOfRest(TimePoint now) const noexcept;
  void ArmSweep(TimePoint now, int64_t expires_at_ms) noexcept;

  using VisitRow = FunctionRef<void(const store::AuditedEntry&, CheckReport&)>;
  Result<CheckReport> CheckLocked(bool fix, VisitRow visit)
      APPCACHE_REQUIRES(database_->lane());

  const internal::ForkGuard fork_guard_;
  const Settings settings_;
  policy::TickSource ticks_;
  // The latest time that was read from the clock, in microseconds and about.
  std::atomic<int64_t> latest_time_{0};
  // How often accesses ahead of the clock were noticed; and how many of these
  // times had passed when the last complete correction began.
  std::atomic<uint64_t> times_ahead_{0};
  std::atomic<uint64_t> times_corrected_{0};
  // Corrections are not logged before this.
  std::atomic<TimePoint> next_correction_log_{TimePoint()};
  policy::PendingAccesses pending_;
  // Set before anybody uses the engine. Null for a storage.
  std::unique_ptr<policy::RecentReads> reads_;
  // kMoved: the database is no longer the file at its path.
  enum class State { kOpen, kMoved, kClosed };
  std::atomic<State> state_{State::kOpen};
  std::atomic<bool> is_suspect_{false};
  // Maintenance does not flush earlier.
  std::atomic<TimePoint> next_flush_{TimePoint()};

  // The statements of writer_ are destroyed before it: it owns their
  // connection.
  std::unique_ptr<store::Database> database_;
  store::Writer writer_ APPCACHE_GUARDED_BY(database_->lane());
  store::Checkpointer checkpointer_ APPCACHE_GUARDED_BY(database_->lane());
  store::SizeLimit size_limit_ APPCACHE_GUARDED_BY(database_->lane());
  // When the ticks were set back, until accesses are corrected; else 0. And the
  // last tick that a corrected access got.
  int64_t set_back_at_ APPCACHE_GUARDED_BY(database_->lane()) = 0;
  int64_t last_correction_tick_ APPCACHE_GUARDED_BY(database_->lane()) = 0;
  // The bytes of entries that fit into max_database_bytes, as far as is known.
  std::optional<uint64_t> fitting_bytes_ APPCACHE_GUARDED_BY(database_->lane());
  // The most bytes of entries since the database was last made smaller.
  int64_t peak_bytes_ APPCACHE_GUARDED_BY(database_->lane()) = 0;
  // That has removed pages: what is removed afterwards, however little, is
  // returned too, after a while.
  bool has_shrunk_ APPCACHE_GUARDED_BY(database_->lane()) = false;
  // And has removed pages.
  bool is_shrinking_ APPCACHE_GUARDED_BY(database_->lane()) = false;

  std::atomic<bool> shrink_is_due_{false};

  // Set before anybody uses the engine. False for a storage.
  bool keeps_policy_ = false;

  // Used by the maintenance thread, which logs a repeated failure once.
  std::optional<ErrorCode> last_failure_;

  std::shared_ptr<Sessions> sessions_;
  // Null for a borrowed connection, which no background thread may use.
  std::unique_ptr<Maintenance> maintenance_;

  std::atomic<uint64_t> sets_{0};
  std::atomic<uint64_t> invalidations_{0};
  std::atomic<uint64_t> write_errors_{0};
  // Of gets. The sessions count hits and misses.
  internal::StripedCounter failed_reads_;
  std::atomic<uint64_t> evictions_{0};
  std::atomic<uint64_t> expirations_{0};
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_LRU_ENGINE_H_
