// ResidentEngine: a database in memory, answered from a directory.
//
// Every entry has a record in the directory, and most have their value there
// too. A get finds it without a lock and without SQLite:
//
//   Get: hash -> read section -> directory -> expired? -> tick
//
// A set takes effect in the directory at once. A flush writes it to SQLite,
// within the write window:
//
//   Set: entry -> room in the window? -> lock of the shard -> within the
//        limits? (else evict) -> publish
//   Flush: dirty records -> WriteBatch -> LruEngine::Write -> clean
//
// SQLite has the state of the last flush. A value that SQLite has may leave
// memory (MakeResidentRoom), and is then read from there (LoadValue).
//
// The rules that keep values right:
//
// - A get of an entry whose value is away reads SQLite inside its read section,
//   and keeps what it read only if the directory still has that entry. Its
//   address cannot be reused before the section ends, so the comparison is
//   exact.
// - A flush holds a reference to each entry that it writes. After the commit it
//   marks a record as clean only if the record still has that entry.
// - A removed entry that SQLite has, or may get, leaves an absent record until
//   the row is gone. A key without a record is not looked up in SQLite.
// - Clear empties the directory, and counts. The next flush first removes all
//   rows, in the same transaction as its first changes.
//
// Reads are in resident_read.cc; writes in resident_write.cc, resident_batch.cc
// and resident_window.cc; the limits in resident_limits.cc; the flush in
// resident_flush.cc; maintenance in resident_maintenance.cc; and what uses
// directory and tables together in resident_check.cc.

#ifndef APPCACHE_ENGINE_LRU_RESIDENT_ENGINE_H_
#define APPCACHE_ENGINE_LRU_RESIDENT_ENGINE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "appcache/clock.h"
#include "appcache/log.h"
#include "engine/lru/engine.h"
#include "engine/lru/flush_turn.h"
#include "engine/lru/lru_engine.h"
#include "engine/lru/maintenance.h"
#include "engine/policy/fine_ticks.h"
#include "engine/policy/live_curve.h"
#include "engine/policy/victim_queue.h"
#include "engine/residency/directory.h"
#include "engine/residency/epochs.h"
#include "engine/support/fork_guard.h"
#include "engine/support/mutex.h"
#include "engine/support/striped_counter.h"

namespace appcache::lru {

// Thread-safe. Functions may throw std::bad_alloc, and have then done nothing.
//
// Lock order: the turn to flush, evict_mutex_, demote_mutex_, the shards. The
// locks of the LruEngine below are taken with the turn or with none.
class ResidentEngine final : public Engine {
 public:
  struct Settings {
    policy::Limits limits;
    WriteWindow window;
    std::chrono::milliseconds busy_timeout{0};
    std::chrono::milliseconds touch_flush_interval{0};
    std::chrono::milliseconds expiry_sweep_interval{0};
    uint64_t resident_bytes = 0;
    std::shared_ptr<const Clock> clock;
    LogSink log;
  };

  // Reads the directory from `storage`, which must be unused otherwise.
  static Result<std::shared_ptr<ResidentEngine>> Make(
      std::shared_ptr<LruEngine> storage, Settings settings);
  // Closes. Must not run in a forked child: there the object is leaked.
  ~ResidentEngine() override;

  const policy::Limits& limits() const noexcept override {
    return settings_.limits;
  }
  std::optional<uint64_t> max_database_bytes() const noexcept override {
    return std::nullopt;
  }
  std::optional<WriteWindow> write_window() const noexcept override {
    return settings_.window;
  }
  bool in_child() const noexcept override { return fork_guard_.in_child(); }
  const std::string& name() const noexcept override { return storage_->name(); }
  const std::string& vfs() const noexcept override { return storage_->vfs(); }
  bool is_persistent() const noexcept override { return false; }
  const Clock& clock() const noexcept override { return *settings_.clock; }

  Lookup<Bytes> Get(std::string_view path) override;
  Lookup<size_t> View(std::string_view path, ValueVisitor visitor) override;
  Lookup<TimedBytes> GetTimed(std::string_view path) override;
  Lookup<Ttl> GetTtl(std::string_view path) override;
  Status Set(std::span<const RawEntry> entries) override;
  Status TrySet(const RawEntry& entry) override;
  Result<bool> Add(const RawEntry& entry) override;
  Result<bool> SetTtl(std::string_view path, Ttl ttl) override;
  Status Restore(std::span<const StoredEntry> entries)
      APPCACHE_EXCLUDES(flush_turn_) override;
  Status Invalidate(std::span<const std::string_view> paths) override;
  Status InvalidatePrefix(std::string_view prefix) override;
  Status Clear() override;
  Status Flush() APPCACHE_EXCLUDES(flush_turn_) override;
  Status CheckNotReading() override;
  Status Close() APPCACHE_EXCLUDES(flush_turn_) override;
  Status ForEach(store::Walk::With with, std::string_view prefix,
                 FunctionRef<bool(const StoredEntry&)> visit) override;
  Result<CheckReport> Check() override;
  Result<CheckReport> CheckAndFix() override;
  Status CopyTo(store::SnapshotFile& file)
      APPCACHE_EXCLUDES(flush_turn_) override;
  Status Load(std::span<const StoredEntry> entries,
              const std::string& source) override;
  CacheStats Stats() override;
  Status Ping() override;

 private:
  using Entry = residency::Entry;
  using EntryPtr = residency::EntryPtr;
  using Record = residency::Record;
  using Directory = residency::Directory;
  using Section = residency::Epochs::Section;
  using Reader = residency::Epochs::Reader;

  ResidentEngine(std::shared_ptr<LruEngine> storage, Settings settings);
  static Directory::Limits LimitsOf(const Settings& settings) noexcept;
  // Fills the directory with the entries of the database, without values.
  Status LoadDirectory() APPCACHE_EXCLUDES(evict_mutex_, flush_turn_);

  int64_t Hash(std::string_view path) const noexcept;
  Status Closed() const;
  // Whether this process may use the cache. A section then says whether it is
  // still open.
  Status CheckProcess() const;
  // Both, and that the caller is not a visitor of this cache.
  Status CheckWrite();
  bool is_closed() const noexcept {
    return is_closed_.load(std::memory_order_relaxed);
  }

  // --- Reads.

  // `use(entry)` for the visible entry at `path`, which stays valid during the
  // call. Counts it as an access.
  template <class V, class Use>
  Lookup<V> Access(std::string_view path, const Use& use);
  // The same where the value is away.
  template <class V, class Use>
  Lookup<V> AccessAway(const Entry& away, std::string_view path,
                       residency::Epochs::Reader& reader, const Use& use);
  // The entry at `path` with its value, if the directory has it now; null when
  // there is none. Makes it resident if there is room. REQUIRES: inside a
  // section in which `away` was found.
  Result<EntryPtr> LoadValue(const Entry& away, std::string_view path);
  // Whether the entry has this key; reads SQLite when its value is away. The
  // answer is right if the directory still has the entry afterwards. REQUIRES:
  // inside a section in which it was found.
  Result<bool> HasKey(const Entry& entry, std::string_view path);
  // Exact, and reads the clock only if the entry expires about now.
  bool HasExpiredNow(const Entry& entry) const;
  void ArmAccesses() noexcept;

  // Count a read, and note it for the curve if it is sampled. A hit has
  // `record`, before its tick is replaced by `tick`.
  void CountHit(Reader& reader, const Record& record, int64_t tick) noexcept;
  void CountMiss(Reader& reader, int64_t h) noexcept;
  void CountExpired(Reader& reader) noexcept;

  // --- Writes.

  using Deadline = std::chrono::steady_clock::time_point;
  Deadline BusyDeadline() const {
    return std::chrono::steady_clock::now() + settings_.busy_timeout;
  }

  // Set for one entry. `room(bytes)` says whether the window has room, and may
  // wait for it; a value that is too large for the window waits for its turn
  // until `deadline()`.
  template <class Room, class MakeDeadline>
  Status SetOne(const RawEntry& raw, const Room& room,
                const MakeDeadline& deadline);
  Status CountSet(Status status) noexcept;
  Status SetMany(std::span<const RawEntry> entries);
  // Publishes the entry, if `may_replace(visible)` allows it; null: there is no
  // visible entry. Evicts first if it must. False: not allowed.
  template <class MayReplace>
  Result<bool> Publish(EntryPtr entry, const MayReplace& may_replace)
      APPCACHE_EXCLUDES(evict_mutex_);
  // Keeps the visible entry of a record, which will be replaced, from being
  // evicted for that; removes it if it has expired. Returns its record if it is
  // still visible. The record may be null.
  Record* SpareReplaced(Directory::Shard& shard, Record* record)
      APPCACHE_REQUIRES(shard);
  // Writes to SQLite before it publishes: for a value that is too large to
  // wait.
  Status WriteThrough(EntryPtr entry, Deadline deadline)
      APPCACHE_EXCLUDES(flush_turn_);
  // Makes sure that the row of the entry has a record, which is absent if there
  // was none, so that the row is removed if anything fails. Returns how often
  // the cache was cleared.
  Result<uint64_t> PrepareRow(const Entry& entry, Deadline deadline)
      APPCACHE_REQUIRES(flush_turn_);
  // What follows when SQLite has the row, if the cache was not cleared since it
  // had been `clears` times.
  void PublishWritten(EntryPtr entry, int64_t tick, uint64_t clears) noexcept
      APPCACHE_REQUIRES(flush_turn_) APPCACHE_EXCLUDES(evict_mutex_);
  Result<bool> AddOne(const RawEntry& raw);
  // Publishes the entry at `path` again, with its value and another ttl.
  Result<bool> ReplaceTtl(std::string_view path, Ttl ttl);
  // Waits until the window has room, at most busy_timeout.
  Status WaitForRoom(uint64_t bytes) APPCACHE_EXCLUDES(flush_turn_);
  bool HasRoom(uint64_t bytes) noexcept;
  // Whether little enough waits for readers.
  bool HasMemoryForReaders() const noexcept;
  // kBusy, or the error of the last flush.
  Status NoRoom() const;
  Status InvalidateOne(std::string_view path);
  Status ClearAll(uint64_t& removed) APPCACHE_EXCLUDES(evict_mutex_);
  Status RemoveWithPrefix(std::span<const int64_t> hashes,
                          std::string_view prefix, uint64_t& removed);
  void NotePending() noexcept;

  // One change of a batch. Without an entry: removes the key.
  struct Change {
    int64_t h = 0;
    std::string_view path;
    EntryPtr entry;
    std::optional<int64_t> last_used_micros;  // none: now
    int64_t tick = 0;
    bool is_superseded = false;  // by a later one of the same h
  };
  static void MarkSuperseded(std::vector<Change>& changes);
  // All or nothing. REQUIRES: room in the window.
  Status ApplyBatch(std::vector<Change>& changes)
      APPCACHE_EXCLUDES(evict_mutex_);
  // The same for entries with times.
  Status ApplyRestored(std::vector<Change>& changes)
      APPCACHE_REQUIRES(flush_turn_) APPCACHE_EXCLUDES(demote_mutex_);
  // The tick of a restored access.
  int64_t TickOf(int64_t last_used_micros) noexcept;

  // --- Limits.

  // Removes an expired entry, or else the least recently used one whose tick is
  // less than `before`. True also if another thread has removed that one: the
  // caller compares with the limits again. False: there is none. Shards: how a
  // shard is reached.
  class OneShard;
  class LockedShards;
  template <class Shards>
  bool EvictOne(const Shards& shards, int64_t before)
      APPCACHE_REQUIRES(evict_mutex_);
  // Evicts an entry if there is no room for so much more.
  void MakeRoom(const Directory::Size& growth) APPCACHE_REQUIRES(evict_mutex_);
  // Evicts what is more than the limits allow. Locks all shards.
  void EvictToLimits() APPCACHE_REQUIRES(evict_mutex_);
  template <class Shards>
  bool RemoveFirstExpired(const Shards& shards, int64_t now_ms)
      APPCACHE_REQUIRES(evict_mutex_);
  // Makes room for a value to be resident. False: it must stay away.
  bool MakeResidentRoom(uint64_t bytes) noexcept
      APPCACHE_EXCLUDES(demote_mutex_);
  // Demotes entries, whose values then leave memory, until there is room for
  // `bytes`.
  bool Demote(uint64_t bytes) noexcept APPCACHE_REQUIRES(demote_mutex_);
  // As EvictOne does: true also if there may be room without it.
  bool DemoteOne() noexcept APPCACHE_REQUIRES(demote_mutex_);

  // --- Flush.

  class Batch;
  // Writes what is dirty; and the accesses, if asked for. On failure, what was
  // not written stays pending.
  Status FlushLocked(bool with_accesses) APPCACHE_REQUIRES(flush_turn_)
      APPCACHE_EXCLUDES(demote_mutex_);
  // Demotes an entry that was just written, if the directory still has it.
  void DemoteWritten(const Entry& entry) noexcept;
  // FlushLocked, counted and logged. An exception becomes a failure.
  Status TryFlush(bool with_accesses) noexcept APPCACHE_REQUIRES(flush_turn_);
  // The status with the number of changes that were not written.
  Status WithUnwritten(Status status) const;
  uint64_t CountDirty() const;
  void NoteFlush(const Status& status) noexcept APPCACHE_REQUIRES(flush_turn_);
  void Maintain() noexcept;
  Status FlushAsDue(TimePoint now) APPCACHE_EXCLUDES(flush_turn_);
  void SweepIfDue(TimePoint now) APPCACHE_EXCLUDES(evict_mutex_);
  void ArmFlush(TimePoint due) noexcept;

  // --- Check.

  Result<CheckReport> CheckWith(bool fix) APPCACHE_EXCLUDES(flush_turn_);
  // Replaces records by rows of the tables; and of entries that the tables do
  // not have, writes those with a value and removes the others.
  void RebuildFrom(std::vector<EntryPtr> rows, std::span<const int64_t> missing)
      APPCACHE_EXCLUDES(evict_mutex_);

  const std::shared_ptr<LruEngine> storage_;
  const Settings settings_;

  // What every call reads, and few write.
  const internal::ForkGuard fork_guard_;
  std::atomic<bool> is_closed_{false};
  // Maintenance will write accesses, or pending writes, when they are due.
  std::atomic<bool> accesses_are_armed_{false};
  std::atomic<bool> flush_is_armed_{false};
  std::atomic<bool> flush_is_urgent_{false};
  const int64_t hash_seed_;
  policy::FineTicks ticks_;
  policy::LiveCurve curve_;
  residency::Epochs epochs_;
  Directory directory_;

  internal::Mutex evict_mutex_ APPCACHE_ACQUIRED_BEFORE(demote_mutex_);
  policy::VictimQueue victims_ APPCACHE_GUARDED_BY(evict_mutex_);
  internal::Mutex demote_mutex_;
  policy::VictimQueue coldest_ APPCACHE_GUARDED_BY(demote_mutex_);

  // How often the cache was cleared. Changes while all shards are locked.
  std::atomic<uint64_t> clears_{0};

  FlushTurn flush_turn_ APPCACHE_ACQUIRED_BEFORE(evict_mutex_);
  // How often SQLite was cleared.
  uint64_t flushed_clears_ APPCACHE_GUARDED_BY(flush_turn_) = 0;
  // SQLite has all accesses with a smaller tick.
  int64_t flushed_ticks_ APPCACHE_GUARDED_BY(flush_turn_) = 0;
  // The largest last_used that SQLite has.
  int64_t last_micros_ APPCACHE_GUARDED_BY(flush_turn_) = 0;
  // The times that entries were restored with, by h, until they are written.
  struct RestoredTime {
    int64_t tick;
    int64_t micros;
  };
  std::unordered_map<int64_t, RestoredTime> restored_
      APPCACHE_GUARDED_BY(flush_turn_);
  std::atomic<int> failed_flushes_{0};  // in a row; written with the turn
  std::optional<ErrorCode> logged_failure_ APPCACHE_GUARDED_BY(flush_turn_);

  // Used by maintenance.
  TimePoint next_sweep_;
  TimePoint next_retry_;

  std::atomic<TimePoint> next_access_flush_{TimePoint()};
  std::atomic<ErrorCode> last_failure_{ErrorCode::kBusy};

  internal::StripedCounter sets_;
  internal::StripedCounter invalidations_;
  internal::StripedCounter write_errors_;
  std::atomic<uint64_t> evictions_{0};
  std::atomic<uint64_t> expirations_{0};
  std::atomic<uint64_t> flush_failures_{0};

  // Last: its thread uses all of the above.
  std::unique_ptr<Maintenance> maintenance_;
};

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_RESIDENT_ENGINE_H_
