// The flush of ResidentEngine: writes to SQLite what has changed in the
// directory.

#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/lru/limits.h"
#include "engine/lru/resident_engine.h"
#include "engine/lru/resident_limits.h"
#include "engine/support/mutex.h"
#include "engine/support/test_point.h"

namespace appcache::lru {
namespace {

using residency::Directory;
using residency::Entry;
using residency::Record;

// A transaction of a millisecond or two, and a short log.
constexpr size_t kRowsPerBatch = 512;
constexpr size_t kBytesPerBatch = size_t{1} << 20;

}  // namespace

// What a flush has taken from the directory. Returns what was not written.
class ResidentEngine::Batch {
 public:
  explicit Batch(Directory& directory) noexcept : directory_(directory) {}
  ~Batch() { GiveBack(); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Takes what is dirty, with ticks of at most `last`. Returns the value of
  // `clears` at that moment. Throws std::bad_alloc; then nothing was taken.
  uint64_t CollectChanges(int64_t last, const std::atomic<uint64_t>& clears);
  // Adds the accesses of other entries with ticks from `first`, as of `last`.
  // Throws std::bad_alloc.
  void CollectAccesses(int64_t first, int64_t last);

  // Makes the ticks of puts and accesses distinct times after `last_micros`, in
  // the same order; `restored` has those of restored entries.
  void AssignTimes(const policy::FineTicks& ticks,
                   const std::unordered_map<int64_t, RestoredTime>& restored,
                   int64_t& last_micros);

  // What was taken and not written is dirty again.
  void GiveBack() noexcept;

  bool is_empty() const noexcept {
    return removals_.empty() && puts_.empty() && accesses_.empty();
  }

  // Writes everything in transactions; the first one also clears the tables, if
  // `clears`, and then calls `cleared`. `written(entry)` is called for each
  // put, and `progress()` after each transaction.
  template <class Cleared, class Written, class Progress>
  Status Write(LruEngine& storage, bool clears, const Cleared& cleared,
               const Written& written, const Progress& progress);

 private:
  struct Put {
    Directory::Taken taken;
    int64_t micros = 0;
  };

  size_t PutsOfNextBatch() const noexcept;
  // Whether the next one was in the transaction that has failed.
  bool TakeTried() noexcept {
    if (tried_ == 0) return false;
    --tried_;
    return true;
  }

  Directory& directory_;
  // Those before the indexes were written.
  std::vector<Directory::Taken> removals_;
  std::vector<Put> puts_;
  std::vector<policy::Access> accesses_;
  size_t next_removal_ = 0;
  size_t next_put_ = 0;
  // How many of the next ones were in a transaction that has failed: SQLite may
  // have them, if it was the commit.
  size_t tried_ = 0;
};

uint64_t ResidentEngine::Batch::CollectChanges(
    int64_t last, const std::atomic<uint64_t>& clears) {
  std::optional<Directory::Collection> changes;
  uint64_t cleared = 0;
  {
    // One moment for all shards, so that a batch of sets is written as a whole,
    // or not yet; and a Clear, too.
    Directory::AccessAll all(directory_);
    // Memory first: what was taken must be in a list.
    removals_.reserve(all.dirty());
    puts_.reserve(all.dirty());
    changes.emplace(all);
    cleared = clears.load(std::memory_order_relaxed);
  }
  changes->Finish();
  changes->TakeEach([&](Directory::Taken&& taken) {
    if (taken.entry == nullptr) {
      removals_.push_back(std::move(taken));
    } else {
      taken.tick = std::min(taken.tick, last);
      puts_.push_back({std::move(taken)});
    }
  });
  return cleared;
}

void ResidentEngine::Batch::CollectAccesses(int64_t first, int64_t last) {
  for (size_t i = 0; i < Directory::kShards; ++i) {
    Directory::Access access(directory_, Directory::FirstOfShard(i));
    const size_t needed = accesses_.size() + access->records();
    if (needed > accesses_.capacity()) {
      accesses_.reserve(std::max(needed, 2 * accesses_.capacity()));
    }
    access->ForEach([&](const Record& record) {
      if (record.tick.load(std::memory_order_relaxed) < first ||
          record.Is(Record::kAbsent) || record.Is(Record::kDirty) ||
          record.Is(Record::kInBatch)) {
        return;
      }
      const int64_t tick = residency::LastUse(record);
      accesses_.push_back({record.entry()->h, std::min(tick, last)});
    });
  }
}

void ResidentEngine::Batch::AssignTimes(
    const policy::FineTicks& ticks,
    const std::unordered_map<int64_t, RestoredTime>& restored,
    int64_t& last_micros) {
  std::sort(puts_.begin(), puts_.end(), [](const Put& a, const Put& b) {
    return a.taken.tick < b.taken.tick;
  });
  std::sort(accesses_.begin(), accesses_.end(),
            [](const policy::Access& a, const policy::Access& b) {
              return a.tick < b.tick;
            });
  const auto next = [&](int64_t tick) {
    last_micros = std::max(ticks.ToMicros(tick), last_micros + 1);
    return last_micros;
  };
  int64_t latest_restored = 0;
  size_t access = 0;
  for (Put& put : puts_) {
    while (access < accesses_.size() &&
           accesses_[access].tick < put.taken.tick) {
      policy::Access& earlier = accesses_[access++];
      earlier.tick = next(earlier.tick);
    }
    const auto found = restored.find(put.taken.h);
    if (found != restored.end() && found->second.tick == put.taken.tick) {
      put.micros = found->second.micros;
      latest_restored = std::max(latest_restored, put.micros);
    } else {
      put.micros = next(put.taken.tick);
    }
  }
  for (; access < accesses_.size(); ++access) {
    accesses_[access].tick = next(accesses_[access].tick);
  }
  // Rows of later times follow, which must not end after kMaxTime.
  last_micros = std::max(last_micros, std::min(latest_restored, kLatestTick));
  // In the order of SQLite's pages.
  const auto by_h = [](const auto& a, const auto& b) { return a.h < b.h; };
  std::sort(removals_.begin(), removals_.end(), by_h);
  std::sort(puts_.begin(), puts_.end(),
            [&](const Put& a, const Put& b) { return by_h(a.taken, b.taken); });
  std::sort(accesses_.begin(), accesses_.end(), by_h);
}

void ResidentEngine::Batch::GiveBack() noexcept {
  for (; next_removal_ < removals_.size(); ++next_removal_) {
    const Directory::Taken& removal = removals_[next_removal_];
    Directory::Access access(directory_, removal.h);
    access->NotWritten(removal, TakeTried());
  }
  for (; next_put_ < puts_.size(); ++next_put_) {
    const Directory::Taken& put = puts_[next_put_].taken;
    Directory::Access access(directory_, put.h);
    access->NotWritten(put, TakeTried());
  }
}

size_t ResidentEngine::Batch::PutsOfNextBatch() const noexcept {
  size_t bytes = 0;
  size_t count = 0;
  while (next_put_ + count < puts_.size() && count < kRowsPerBatch &&
         bytes < kBytesPerBatch) {
    bytes += puts_[next_put_ + count++].taken.entry->content_bytes();
  }
  return count;
}

template <class Cleared, class Written, class Progress>
Status ResidentEngine::Batch::Write(LruEngine& storage, bool clears,
                                    const Cleared& cleared,
                                    const Written& written,
                                    const Progress& progress) {
  std::span<const policy::Access> accesses(accesses_);
  // Removals first, so that SQLite never has more entries than the limits.
  while (clears || next_removal_ < removals_.size() ||
         next_put_ < puts_.size() || !accesses.empty()) {
    store::WriteBatch batch;
    batch.Reserve(kRowsPerBatch);
    if (clears) batch.Clear();
    const size_t removals =
        std::min(removals_.size() - next_removal_, kRowsPerBatch);
    for (size_t i = 0; i < removals; ++i) {
      batch.Remove(removals_[next_removal_ + i].h);
    }
    const size_t puts = removals < kRowsPerBatch ? PutsOfNextBatch() : 0;
    for (size_t i = 0; i < puts; ++i) {
      const Put& put = puts_[next_put_ + i];
      const Entry& entry = *put.taken.entry;
      batch.Put({entry.h, entry.key(), entry.value(), entry.expires_at_ms,
                 put.micros});
    }
    std::span<const policy::Access> some;
    if (removals + puts == 0) {
      some = accesses.first(std::min(accesses.size(), kRowsPerBatch));
      batch.SetAccesses(some);
    }
    tried_ = removals + puts;
    Status status = storage.Write(batch);
    if (!status.ok()) return status;
    internal::TestPoint("flush.committed");
    tried_ = 0;
    if (std::exchange(clears, false)) cleared();
    for (size_t i = 0; i < removals; ++i, ++next_removal_) {
      const Directory::Taken& removal = removals_[next_removal_];
      Directory::Access access(directory_, removal.h);
      access->Written(removal);
    }
    for (size_t i = 0; i < puts; ++i, ++next_put_) {
      Directory::Taken& put = puts_[next_put_].taken;
      {
        Directory::Access access(directory_, put.h);
        access->Written(put);
      }
      written(*put.entry);
      put.entry.reset();
    }
    accesses = accesses.subspan(some.size());
    progress();
  }
  return Status();
}

Status ResidentEngine::FlushLocked(bool with_accesses) {
  // Accesses that returned before now have a smaller tick, and after the grace
  // period below, their ticks are in the records.
  const int64_t now_tick = ticks_.Next();
  bool has_all_ticks = false;
  if (with_accesses) {
    const uint64_t stamp = epochs_.Stamp();
    constexpr int kAttempts = 16;
    for (int i = 0; i < kAttempts && !has_all_ticks; ++i) {
      has_all_ticks = epochs_.OldestReader() > stamp;
    }
  }
  Batch batch(directory_);
  const uint64_t clears = batch.CollectChanges(now_tick, clears_);
  if (with_accesses) batch.CollectAccesses(flushed_ticks_, now_tick);
  const bool must_clear = clears != flushed_clears_;
  if (batch.is_empty() && !must_clear) {
    restored_.clear();
    return Status();
  }
  batch.AssignTimes(ticks_, restored_, last_micros_);
  internal::TestPoint("flush.collected");
  const uint64_t most = settings_.resident_bytes / kMaxResidentShare;
  Status status = batch.Write(
      *storage_, must_clear,
      [&]() {
        flush_turn_.AssertHeld();
        flushed_clears_ = clears;
      },
      [&](const Entry& entry) {
        flush_turn_.AssertHeld();
        restored_.erase(entry.h);
        if (entry.content_bytes() > most) DemoteWritten(entry);
      },
      [&] { flush_turn_.NoteProgress(); });
  if (status.ok()) {
    // What is left belongs to entries that were removed before.
    restored_.clear();
    if (has_all_ticks) flushed_ticks_ = now_tick;
  }
  const internal::MutexLock guard(demote_mutex_);
  Demote(0);
  return status;
}

void ResidentEngine::DemoteWritten(const Entry& entry) noexcept {
  Directory::Access access(directory_, entry.h);
  Record* const record = access->Find(entry.h);
  if (record == nullptr || record->entry() != &entry ||
      record->Is(Record::kAbsent) || record->Is(Record::kDirty)) {
    return;
  }
  try {
    access->Exchange(*record, EntryPtr(Entry::NewAwayOf(entry)));
  } catch (const std::bad_alloc&) {
    // It stays until memory is needed.
  }
}

uint64_t ResidentEngine::CountDirty() const {
  uint64_t dirty = 0;
  directory_.ForEach([&](const Record& record) {
    if (record.Is(Record::kDirty)) ++dirty;
  });
  return dirty;
}

Status ResidentEngine::WithUnwritten(Status status) const {
  if (status.ok()) return status;
  return Status(status.code(),
                std::to_string(CountDirty()) +
                    " changes of entries were not written: " +
                    std::string(status.message()),
                status.error().native_code);
}

void ResidentEngine::NoteFlush(const Status& status) noexcept {
  if (status.ok()) {
    failed_flushes_.store(0, std::memory_order_relaxed);
    logged_failure_.reset();
    last_failure_.store(ErrorCode::kBusy, std::memory_order_relaxed);
    return;
  }
  failed_flushes_.fetch_add(1, std::memory_order_relaxed);
  flush_failures_.fetch_add(1, std::memory_order_relaxed);
  last_failure_.store(status.code(), std::memory_order_relaxed);
  if (logged_failure_ == status.code()) return;
  logged_failure_ = status.code();
  try {
    settings_.log(LogLevel::kWarning,
                  "writing to " + name() +
                      " failed and will be retried: " + status.ToString());
  } catch (const std::exception&) {
    // No memory for the message.
  }
}

Status ResidentEngine::TryFlush(bool with_accesses) noexcept {
  Status status = WithoutExceptions<Status>([&] {
    flush_turn_.AssertHeld();
    return FlushLocked(with_accesses);
  });
  NoteFlush(status);
  return status;
}

Status ResidentEngine::Flush() {
  if (Status valid = CheckWrite(); !valid.ok()) return valid;
  {
    const internal::LockGuard<FlushTurn> turn(flush_turn_);
    if (is_closed()) return Closed();
    Status flushed = TryFlush(/*with_accesses=*/true);
    if (!flushed.ok()) return WithUnwritten(std::move(flushed));
  }
  directory_.reclaimer().Collect();
  directory_.reclaimer().FreeCleared();
  return storage_->Flush();
}

}  // namespace appcache::lru
