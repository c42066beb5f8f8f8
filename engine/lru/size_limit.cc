// LruEngine at max_database_bytes.
//
// A limit on the bytes of entries is exact. One on the database is not: how
// many entries fit depends on how full SQLite's pages are. So the engine finds
// it out. A put that does not fit removes a sixteenth of the bytes, and from
// then on the entries are kept to what is left, and slowly more, as under
// max_bytes, until the next put that does not fit.

#include <sqlite3.h>

#include <algorithm>
#include <string>

#include "engine/lru/hooks.h"
#include "engine/lru/lru_engine.h"

namespace appcache::lru {
namespace {

// What an empty cache takes of max_database_bytes, and more: a put that is
// larger than the rest cannot fit, and must not evict the others in vain. The
// pages of a large value hold some bytes less than their size.
constexpr uint64_t kOverheadBytes = uint64_t{96} << 10;

bool CanFit(uint64_t bytes, uint64_t max_database_bytes) noexcept {
  return bytes + bytes / 256 + kOverheadBytes <= max_database_bytes;
}

// The bytes that are known to fit grow by a sixteenth of what is put, so that a
// cache whose values become larger, and fill pages better, gets more of the
// database again. It then meets the limit about once for each time that all of
// its entries are replaced.
constexpr uint64_t kGrowth = 16;

// Evictions in one call beyond those that it needs itself: some milliseconds.
constexpr uint64_t kMostAtOnce = 1024;
constexpr uint64_t kMostPerPut = 64;

// The bytes of the entries that a batch puts.
uint64_t PutBytes(const store::WriteBatch& batch) noexcept {
  using Kind = store::WriteBatch::Change::Kind;
  uint64_t bytes = 0;
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto& [kind, row, now_ms] = batch[i];
    if (kind == Kind::kPut || kind == Kind::kPutIfAbsent) {
      bytes += row.key.size() + row.value.size();
    }
  }
  return bytes;
}

}  // namespace

Status LruEngine::PuttingHooks::Evict(policy::EvictionTarget& target,
                                      policy::Evicted& evicted) {
  AssertLocked();
  Status status = EvictingHooks::Evict(target, evicted);
  if (!status.ok() || !engine_.fitting_bytes_) return status;
  *engine_.fitting_bytes_ += PutBytes(batch_) / kGrowth;
  const auto entries = static_cast<uint64_t>(target.counts().entries);
  const uint64_t others = entries - std::min<uint64_t>(entries, batch_.size());
  const uint64_t most =
      evicted.removed.size() + std::min(others, kMostPerPut + batch_.size());
  return EvictTo({kUnlimited, engine_.fitting_bytes_}, most, target, evicted);
}

Status LruEngine::RoomHooks::Evict(policy::EvictionTarget& target,
                                   policy::Evicted& evicted) {
  AssertLocked();
  const auto bytes = static_cast<uint64_t>(target.counts().bytes);
  // Twice what is needed: freed bytes and needed pages are not the same.
  const uint64_t needed = bytes - std::min(bytes, 2 * bytes_);
  Status status = EvictTo({kUnlimited, needed}, kUnlimited, target, evicted);
  // If the put alone is as large as what was there, that says nothing about it.
  if (!status.ok() || bytes <= 2 * bytes_) return status;
  engine_.fitting_bytes_ = bytes - bytes / 16;
  return EvictTo({kUnlimited, engine_.fitting_bytes_},
                 evicted.removed.size() + kMostAtOnce, target, evicted);
}

Status LruEngine::MakeRoom(uint64_t bytes) {
  RoomHooks hooks(*this, settings_.clock->Now(), bytes);
  store::WriteResult result;
  Status status = writer_.Apply(store::WriteBatch(), hooks, result);
  if (status.ok()) Count(result);
  return status;
}

Status LruEngine::ApplyAtSizeLimit(const store::WriteBatch& batch, Hooks& hooks,
                                   Status full, store::WriteResult& result,
                                   bool& is_refused) {
  using Level = store::SizeLimit::Level;
  using At = store::SizeLimit::At;
  const uint64_t bytes = PutBytes(batch);
  result = store::WriteResult();
  if (bytes == 0) {
    const At unlimited(size_limit_, Level::kUnlimited);
    return writer_.Apply(batch, hooks, result);
  }
  const Result<store::PageCounts> pages =
      store::CountPages(database_->writer());
  if (!pages.ok()) return pages.status();
  if (size_limit_.HasRoomFor(bytes, *pages)) return full;  // a full disk
  if (CanFit(bytes, *settings_.max_database_bytes)) {
    const std::optional<uint64_t> fitting = fitting_bytes_;
    Status status;
    {
      const At unlimited(size_limit_, Level::kUnlimited);
      status = MakeRoom(bytes);
    }
    if (!status.ok()) return status;
    const At reserve(size_limit_, Level::kReserve);
    status = writer_.Apply(batch, hooks, result);
    if (!size_limit_.IsReachedBy(status)) return status;
    fitting_bytes_ = fitting;
  }
  is_refused = true;
  return Status(ErrorCode::kFull,
                "cannot write " + std::to_string(bytes) + " bytes to " +
                    database_->name() + ": its max_database_bytes is " +
                    std::to_string(*settings_.max_database_bytes) +
                    ", and an eviction did not make enough room",
                SQLITE_FULL);
}

}  // namespace appcache::lru
