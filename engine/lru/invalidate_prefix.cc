// LruEngine::InvalidatePrefix.
//
// Entries are indexed by the hash of their key, so this walks over all of them,
// without the writer lock. Each match is checked again when it is removed,
// because by then another entry may have its place.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/lru/hooks.h"
#include "engine/lru/lru_engine.h"
#include "engine/store/prefix_walk.h"

namespace appcache::lru {
namespace {

// The most that one transaction removes, in one to two milliseconds. The bytes
// are exceeded only by the last entry: the pages of a large value are read to
// be freed.
constexpr size_t kEntriesPerBatch = 256;
constexpr int64_t kRemovedBytesPerBatch = int64_t{16} << 20;

}  // namespace

Status LruEngine::RemovePrefix(std::span<const int64_t> hashes,
                               std::string_view prefix, uint64_t& removed) {
  size_t most = kEntriesPerBatch;
  do {
    const auto next = hashes.first(std::min(hashes.size(), most));
    store::WriteBatch batch;
    batch.Reserve(next.size());
    for (const int64_t h : next) batch.RemoveIfStartsWith(h, prefix);
    batch.LimitRemovedBytes(kRemovedBytesPerBatch);
    store::WriteResult result;
    Hooks hooks(*this, TimePoint());
    Status status = Apply(batch, hooks, result);
    if (store::IsDiskFull(status) && most > kRowsOnFullDisk) {
      most = kRowsOnFullDisk;
      continue;
    }
    if (!status.ok()) return status;
    removed += result.removed.size();
    for (const int64_t h : next) NoteRemoval(h);
    hashes = hashes.subspan(result.applied);
  } while (!hashes.empty());
  return Status();
}

Status LruEngine::ForEachWithPrefix(
    std::string_view prefix,
    FunctionRef<Status(std::span<const int64_t>, bool)> visit) {
  const Result<store::Connection> connection = database_->ConnectReader();
  if (!connection.ok()) return connection.status();
  store::PrefixWalk walk;
  Status status = walk.Prepare(*connection, prefix);
  while (status.ok() && !walk.has_ended()) {
    std::optional<Held> held;
    if (Status entered = EnterToRead(held); !entered.ok()) return entered;
    const Result<std::vector<int64_t>> found = walk.Next();
    held.reset();
    if (!found.ok()) return found.status();
    status = visit(*found, walk.has_ended());
  }
  return status;
}

Status LruEngine::InvalidatePrefix(std::string_view prefix) {
  if (Status usable = CheckPath(prefix); !usable.ok()) return usable;
  uint64_t removed = 0;
  Status status;
  if (prefix.empty()) {
    store::WriteBatch batch;
    batch.Clear();
    store::WriteResult result;
    Hooks hooks(*this, TimePoint());
    status = Apply(batch, hooks, result);
    if (status.ok()) removed = result.cleared;
    if (status.ok() && reads_ != nullptr) reads_->NoteClear();
  } else {
    status = ForEachWithPrefix(prefix, [&](std::span<const int64_t> hashes,
                                           bool is_last) {
      // At the end, also without a match: only a write finds out that the
      // database was closed or replaced.
      return hashes.empty() && !is_last ? Status()
                                        : RemovePrefix(hashes, prefix, removed);
    });
  }
  invalidations_.fetch_add(removed, std::memory_order_relaxed);
  if (!status.ok()) CountWriteErrors(1);
  return Noted(std::move(status));
}

}  // namespace appcache::lru
