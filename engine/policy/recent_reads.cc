#include "engine/policy/recent_reads.h"

namespace appcache::policy {

void RecentReads::FitTo(uint64_t entries) noexcept {
  const internal::MutexLock guard(fit_mutex_);
  entries_ = entries;
  if (reads_.load(std::memory_order_relaxed) < kReadsBeforeTables) return;
  recent_.FitTo(0);  // all keys
  curve_.FitTo(entries);
}

int64_t RecentReads::NextTick() noexcept {
  const int64_t tick = reads_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (tick == kReadsBeforeTables) [[unlikely]] {
    const internal::MutexLock guard(fit_mutex_);
    recent_.FitTo(0);
    curve_.FitTo(entries_);
  }
  return tick;
}

void RecentReads::NoteHit(int64_t h, uint64_t count,
                          int64_t expires_at_ms) noexcept {
  const int64_t tick = NextTick();
  if (curve_.IsSampled(count)) {
    if (const std::optional<int64_t> last_tick = recent_.Find(h, 0)) {
      curve_.NoteHit(*last_tick, tick);
    } else {
      curve_.NoteOldHit(h, tick);
    }
  }
  Note(h, tick, expires_at_ms);
}

void RecentReads::NoteMiss(int64_t h, uint64_t count, int64_t now_ms) noexcept {
  const int64_t tick = NextTick();
  if (curve_.IsSampled(count)) curve_.NoteMiss(h, tick, now_ms);
  Note(h, tick, 0);
}

void RecentReads::NoteExpired(int64_t h, uint64_t count) noexcept {
  const int64_t tick = NextTick();
  if (curve_.IsSampled(count)) curve_.NoteExpired(tick);
  Note(h, tick, 0);
}

void RecentReads::NoteRemoval(int64_t h) noexcept {
  recent_.Remove(h);
  curve_.NoteRemoval(h);
}

void RecentReads::NoteClear() noexcept {
  recent_.Clear();
  curve_.NoteClear();
}

}  // namespace appcache::policy
