// LruEngine: one database, its limits, and the order of its entries.
//
// All SqliteCaches of one database in a process share one. It puts the parts
// together and adds nothing of its own: sessions read, the writer lane writes,
// the policy chooses victims, maintenance does what is overdue.
//
//   Get:  path -> hash -> this thread's session -> SELECT -> expired? -> touch
//   Set:  hash -> lane -> BEGIN -> put -> evict to fit -> COMMIT -> checkpoint?
//
// Gets are in read.cc, sets in write.cc, what goes by a prefix in prefix.cc,
// what can wait in overdue.cc, the check of a whole database in check.cc.

#ifndef APPCACHE_ENGINE_LRU_LRU_ENGINE_H_
#define APPCACHE_ENGINE_LRU_LRU_ENGINE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "engine/cache.h"
#include "engine/clock.h"
#include "engine/fork_guard.h"
#include "engine/lru/maintenance.h"
#include "engine/lru/sessions.h"
#include "engine/policy/eviction.h"
#include "engine/policy/pending_touches.h"
#include "engine/policy/tick_source.h"
#include "engine/sqlite_cache.h"
#include "engine/store/checkpoint.h"
#include "engine/store/database.h"
#include "engine/store/reader.h"
#include "engine/store/writer.h"

namespace appcache {

// Thread-safe. Functions may throw std::bad_alloc, and then have done nothing.
//
// Lock order: the writer lane, Sessions::mutex_, a session's mutexes, a
// borrowed connection's. The mutexes of PendingTouches and Maintenance are
// taken last, for a moment.
class LruEngine {
 public:
  struct Settings {
    policy::Limits limits;
    std::chrono::milliseconds busy_timeout;
    std::chrono::milliseconds touch_flush_interval;
    size_t touch_flush_count;
    std::chrono::milliseconds expiry_sweep_interval;
    uint64_t max_log_bytes;
    std::shared_ptr<const Clock> clock;
    LogSink log;
  };

  // An open database, ready for use.
  static Result<std::shared_ptr<LruEngine>> Make(
      std::unique_ptr<store::Database> database, Settings settings);
  // Closes. Must not run in a forked child: there the object is leaked.
  ~LruEngine();

  const policy::Limits& limits() const noexcept { return settings_.limits; }
  bool in_child() const noexcept { return fork_guard_.in_child(); }
  const std::string& name() const noexcept { return database_->name(); }
  bool is_in_memory() const noexcept { return database_->is_in_memory(); }

  // The operations of SqliteCache.
  Lookup<Bytes> Get(std::string_view path);
  Lookup<TimedBytes> GetTimed(std::string_view path);
  Lookup<Ttl> GetTtl(std::string_view path);
  Status Set(std::span<const Cache::RawEntry> entries);
  Result<bool> Add(const Cache::RawEntry& entry);
  Status Restore(std::span<const StoredEntry> entries);
  Status Invalidate(std::span<const std::string_view> paths);
  Status InvalidatePrefix(std::string_view prefix);
  Status Clear();
  Status Flush();
  Status Close();
  Status ForEach(store::Walk::With with,
                 const std::function<bool(const StoredEntry&)>& visit);
  Result<CheckReport> Check();
  Result<CheckReport> CheckAndFix();
  CacheStats Stats();
  Lookup<store::Counts> ReadCounts();

 private:
  LruEngine(std::unique_ptr<store::Database> database, Settings settings);
  Status Start();

  int64_t Hash(std::string_view path) const noexcept;
  Status Closed() const;
  Status CheckUsable() const;
  Status CheckPath(std::string_view path) const;

  // Of a borrowed connection, which reads and writes: one at a time does.
  Status EnterIfBorrowed(std::optional<WriterLane::Pass>& pass) {
    return database_->is_borrowed() ? EnterLane(pass) : Status();
  }
  Status EnterLane(std::optional<WriterLane::Pass>& pass);
  // `read(session)` with this thread's session, held.
  template <class V, class Read>
  Lookup<V> WithSession(const Read& read);
  // `make(found, now)` of the entry at `path`, which is so used, and counted.
  template <class V, class MakeValue>
  Lookup<V> Use(std::string_view path, const MakeValue& make);
  // Runs `body()` in a write transaction, in a pass of the lane of its own.
  Status WriteOnce(const std::function<Status()>& body);
  // The same for callers: if the cache is usable, and with failures noted.
  template <class Body>
  Status WriteWith(const Body& body);

  // Entries of a batch that were too large: the first one's error, and how
  // many.
  struct TooLarge {
    Status status;
    uint64_t entries = 0;
  };
  // REQUIRED of these: in a write transaction.
  Status PassTicksOfOthers();
  Status PutRow(const store::Row& row, TooLarge& too_large);
  // As Add has it: `added` says whether there was none, or one that had ended.
  Status PutIfNone(const store::Row& row, TimePoint now, bool& added);
  Status EvictToFit(TimePoint now, uint64_t most);

  // Removes those of the entries whose keys begin with `prefix`, in the lane
  // for one batch at a time, and at least once. `removed` counts them.
  Status RemovePrefix(std::span<const int64_t> hashes, std::string_view prefix,
                      uint64_t& removed);
  Status FindAndRemovePrefix(std::string_view prefix, uint64_t& removed);
  // kTooLarge with `what_became` of the key in the message, or success.
  Status CheckSize(const store::Row& row, std::string_view what_became) const;
  // Removes what a database that was filled under larger limits has too many
  // of; in the lane for one batch at a time.
  Status EvictToLimits(TimePoint now);
  // Whether uses must be flushed, though nothing else asks for it.
  bool TooManyPending() const;
  // What the transaction has removed, once it is committed.
  void CountEvicted() noexcept;

  void RecordUse(Session& session, int64_t h, TimePoint now) noexcept;
  // Has the uses written at `due`, or when flushing has rested long enough.
  void ArmFlush(TimePoint now, TimePoint due) noexcept;
  TimePoint EndOfRest(TimePoint now) const noexcept;
  // In the lane for one batch at a time, so that others can write in between.
  Status FlushTouches();
  Status FlushIfRested(TimePoint now);
  Status SweepExpired(TimePoint now);
  void DoOverdueWork() noexcept;
  void ArmSweep(TimePoint now, int64_t expires_at_ms) noexcept;

  // Looks at a failure on its way to the caller.
  Status Noted(Status status) noexcept;

  Result<CheckReport> CheckWith(bool fix);
  Result<CheckReport> CheckInLane(bool fix);

  const ForkGuard fork_guard_;
  const Settings settings_;
  policy::TickSource ticks_;
  policy::PendingTouches pending_;
  // kMoved: the database is not the file of that name any more.
  enum class State { kOpen, kMoved, kClosed };
  std::atomic<State> state_{State::kOpen};
  std::atomic<bool> suspect_{false};
  // Maintenance does not flush before.
  std::atomic<TimePoint> next_flush_{TimePoint()};

  // Used by whoever holds the lane. The writer's statements go before the
  // database, which has their connection.
  std::unique_ptr<store::Database> database_;
  store::Writer writer_;
  store::LogKeeper log_keeper_;
  policy::Evicted evicted_;

  // Used by maintenance, which logs a failure once.
  std::optional<ErrorCode> last_overdue_failure_;

  std::shared_ptr<Sessions> sessions_;
  std::unique_ptr<Maintenance> maintenance_;  // null when borrowed

  std::atomic<uint64_t> sets_{0};
  std::atomic<uint64_t> invalidations_{0};
  std::atomic<uint64_t> write_errors_{0};
  std::atomic<uint64_t> evictions_{0};
  std::atomic<uint64_t> expirations_{0};
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LRU_LRU_ENGINE_H_
