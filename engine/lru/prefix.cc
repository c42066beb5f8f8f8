// LruEngine::InvalidatePrefix.
//
// Entries are found by the hash of their key, so all of them are walked over,
// outside the lane. Whoever is found is looked at once more when it is removed:
// by then there may be another one.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/lru/lru_engine.h"
#include "engine/store/prefix_walk.h"

namespace appcache {
namespace {

// What a transaction removes at most, in one to two milliseconds; more bytes
// only of a single entry, for the pages of a large value are read to be freed.
constexpr size_t kEntriesPerBatch = 256;
constexpr int64_t kBytesPerBatch = int64_t{16} << 20;

}  // namespace

Status LruEngine::RemovePrefix(std::span<const int64_t> hashes,
                               std::string_view prefix, uint64_t& removed) {
  do {
    size_t done = 0;
    uint64_t removed_here = 0;
    Status status = WriteOnce([&]() -> Status {
      const int64_t least = writer_.counts().bytes - kBytesPerBatch;
      const size_t most = std::min(hashes.size(), kEntriesPerBatch);
      while (done < most && writer_.counts().bytes > least) {
        const int64_t h = hashes[done++];
        const Result<bool> gone = writer_.RemoveIfBegins(h, prefix);
        if (!gone.ok()) return gone.status();
        if (*gone) evicted_.removed.push_back(h);
      }
      removed_here = evicted_.removed.size();
      return Status();
    });
    if (!status.ok()) return status;
    removed += removed_here;
    hashes = hashes.subspan(done);
  } while (!hashes.empty());
  return Status();
}

Status LruEngine::FindAndRemovePrefix(std::string_view prefix,
                                      uint64_t& removed) {
  const Result<store::Connection> connection = database_->ConnectReader();
  if (!connection.ok()) return connection.status();
  store::PrefixWalk walk;
  Status status = walk.Prepare(*connection, prefix);
  while (status.ok() && !walk.has_ended()) {
    std::optional<WriterLane::Pass> pass;
    if (Status entered = EnterIfBorrowed(pass); !entered.ok()) return entered;
    const Result<std::vector<int64_t>> found = walk.Next();
    pass.reset();
    if (!found.ok()) return found.status();
    // At the end also nothing is removed: only a writer meets that the database
    // has been closed or replaced.
    if (!found->empty() || walk.has_ended()) {
      status = RemovePrefix(*found, prefix, removed);
    }
  }
  return status;
}

Status LruEngine::InvalidatePrefix(std::string_view prefix) {
  if (Status usable = CheckPath(prefix); !usable.ok()) return usable;
  uint64_t removed = 0;
  Status status;
  if (prefix.empty()) {
    uint64_t entries = 0;
    status = WriteOnce([&] {
      entries = static_cast<uint64_t>(writer_.counts().entries);
      return writer_.Clear();
    });
    if (status.ok()) removed = entries;
  } else {
    status = FindAndRemovePrefix(prefix, removed);
  }
  invalidations_.fetch_add(removed, std::memory_order_relaxed);
  if (!status.ok()) write_errors_.fetch_add(1, std::memory_order_relaxed);
  return Noted(std::move(status));
}

}  // namespace appcache
