// The write-behind window of ResidentEngine: whether there is room in it, and
// the write of a value that is too large for it.

#include <algorithm>
#include <cassert>
#include <string>
#include <thread>
#include <utility>

#include "engine/lru/resident_engine.h"
#include "engine/lru/resident_limits.h"
#include "engine/support/mutex.h"
#include "engine/support/test_point.h"

namespace appcache::lru {
namespace {

// The most memory that waits for readers.
constexpr size_t kMaxRetiredBytes = size_t{16} << 20;

}  // namespace

// --- Room.

bool ResidentEngine::HasMemoryForReaders() const noexcept {
  return directory_.reclaimer().waiting_bytes() <= kMaxRetiredBytes;
}

bool ResidentEngine::HasRoom(uint64_t bytes) noexcept {
  // What is larger than the window waits until nothing else does.
  return directory_.HasPendingRoom(bytes) ||
         directory_.sizes().pending_bytes == 0;
}

Status ResidentEngine::NoRoom() const {
  return Status(last_failure_.load(std::memory_order_relaxed),
                "the write-behind window of " + name() + " (" +
                    std::to_string(settings_.window.bytes) +
                    " bytes) has no room, and the flush that makes some takes "
                    "longer than busy_timeout, " +
                    std::to_string(settings_.busy_timeout.count()) +
                    " ms; retry, or raise write_behind_bytes");
}

Status ResidentEngine::WaitForRoom(uint64_t bytes) {
  if (HasRoom(bytes) && HasMemoryForReaders()) [[likely]]
    return Status();
  const Deadline deadline = BusyDeadline();
  // At least one flush, also when the time limit is zero.
  bool has_tried = false;
  while (!HasRoom(bytes)) {
    if (has_tried && std::chrono::steady_clock::now() >= deadline) {
      return NoRoom();
    }
    has_tried = true;
    // Who needs room flushes, or waits for the flush that is in progress. There
    // may be room in between, which another thread takes.
    if (!flush_turn_.TryLockUntil(deadline, [&] { return HasRoom(bytes); })) {
      continue;
    }
    const internal::LockGuard<FlushTurn> turn(flush_turn_, std::adopt_lock);
    if (HasRoom(bytes)) continue;
    Status flushed = TryFlush(/*with_accesses=*/false);
    if (!flushed.ok()) return flushed;
  }
  for (;;) {
    directory_.reclaimer().Collect();
    if (HasMemoryForReaders()) return Status();
    if (std::chrono::steady_clock::now() >= deadline) break;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return Status(ErrorCode::kBusy,
                "a reader of " + name() + " holds back more than " +
                    std::to_string(kMaxRetiredBytes >> 20) +
                    " MiB of replaced values; does a visitor block?");
}

void ResidentEngine::NotePending() noexcept {
  if (!flush_is_armed_.load(std::memory_order_relaxed) &&
      !flush_is_armed_.exchange(true, std::memory_order_relaxed)) {
    ArmFlush(settings_.clock->Now() + settings_.window.interval);
  }
  // Flushes that fail are retried with a backoff, and by sets without room.
  if (directory_.IsHalfPending() &&
      failed_flushes_.load(std::memory_order_relaxed) == 0 &&
      !flush_is_urgent_.load(std::memory_order_relaxed) &&
      !flush_is_urgent_.exchange(true, std::memory_order_relaxed)) {
    ArmFlush(settings_.clock->Now());
  }
}

// --- Write-through.

Result<uint64_t> ResidentEngine::PrepareRow(const Entry& entry,
                                            Deadline deadline) {
  for (;;) {
    {
      const Section section(epochs_, epochs_.ForThisThread());
      if (is_closed()) return Closed();
      Directory::Access access(directory_, entry.h);
      access->Reserve(1, /*may_expire=*/true);
      const uint64_t clears = clears_.load(std::memory_order_relaxed);
      if (clears == flushed_clears_) {
        if (Record* const record = access->Find(entry.h)) {
          record->Add(Record::kHasRow);  // or may have
        } else {
          access->PutAbsent(EntryPtr(
              Entry::NewAway(entry.h, entry.key_size, entry.value_size, 0)));
        }
        return clears;
      }
    }
    // The next flush would remove the row.
    if (std::chrono::steady_clock::now() >= deadline) return NoRoom();
    Status flushed = TryFlush(/*with_accesses=*/false);
    if (!flushed.ok()) return flushed;
  }
}

Status ResidentEngine::WriteThrough(EntryPtr entry, Deadline deadline) {
  const int64_t h = entry->h;
  EntryPtr away(Entry::NewAwayOf(*entry));
  if (!flush_turn_.TryLockUntil(deadline)) return NoRoom();
  const internal::LockGuard<FlushTurn> turn(flush_turn_, std::adopt_lock);
  const Result<uint64_t> clears = PrepareRow(*entry, deadline);
  if (!clears.ok()) return clears.status();
  const int64_t tick = ticks_.Next();
  last_micros_ = std::max(ticks_.ToMicros(tick), last_micros_ + 1);
  store::WriteBatch batch;
  batch.Put(
      {h, entry->key(), entry->value(), entry->expires_at_ms, last_micros_});
  Status written = storage_->Write(batch);
  if (!written.ok()) {
    // In case that it was a commit which failed and yet took effect.
    Directory::Access access(directory_, h);
    Record* const record = access->Find(h);
    const Entry* const visible = VisibleEntry(record);
    if (visible != nullptr && visible->is_resident) access->Rewrite(*record);
  } else if (MakeResidentRoom(entry->content_bytes())) {
    PublishWritten(std::move(entry), tick, *clears);
  } else {
    PublishWritten(std::move(away), tick, *clears);
  }
  NotePending();  // what is dirty now, or will expire
  return written;
}

void ResidentEngine::PublishWritten(EntryPtr entry, int64_t tick,
                                    uint64_t clears) noexcept {
  internal::TestPoint("through.written");
  const int64_t h = entry->h;
  internal::MutexLock guard(evict_mutex_);
  for (;;) {
    Directory::Size growth;
    {
      Directory::Access access(directory_, h);
      // If the cache was cleared since the row was written, the set came first.
      if (clears_.load(std::memory_order_relaxed) != clears) return;
      // Of PrepareRow, or of a later set.
      Record* const record = access->Find(h);
      assert(record != nullptr);
      const Entry* const visible = VisibleEntry(record);
      growth = Directory::Growth(visible, *entry);
      if (access->TryGrow(growth)) {
        access->PutClean(std::move(entry), NotBefore(visible, tick));
        return;
      }
      if (SpareReplaced(*access, record) == nullptr && visible != nullptr) {
        continue;
      }
    }
    MakeRoom(growth);
  }
}

}  // namespace appcache::lru
