#include "adapters/lmdb/batch.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>

#include "adapters/lmdb/limits.h"
#include "adapters/lmdb/record.h"

namespace appcache::lmdb {
namespace {

// The first entries of a batch, which one transaction writes.
struct Piece {
  size_t count = 0;    // at least 1
  uint64_t pages = 0;  // the most that they take
};

// The size of the record of an entry, without an expiry time; none if the
// record or the value is too large.
std::optional<uint64_t> RecordBytesOf(const RawEntry& entry,
                                      const Limits& limits) {
  assert(entry.path.size() <= limits.max_path_bytes);
  Record record;
  if (EntryKey(entry.path).is_hashed()) record.path = entry.path;
  record.value = entry.value;
  const uint64_t bytes = RecordBytes(record);
  if (entry.value.size() > limits.max_value_bytes ||
      bytes > limits.max_record_bytes) {
    return std::nullopt;
  }
  return bytes;
}

// REQUIRES: !entries.empty().
Piece FirstPiece(std::span<const RawEntry> entries, const Limits& limits) {
  assert(!entries.empty());
  Piece piece;
  uint64_t bytes = 0;
  for (const RawEntry& entry :
       entries.first(std::min<size_t>(entries.size(), limits.max_entries))) {
    const uint64_t more = RecordBytesOf(entry, limits).value_or(0);
    if (piece.count > 0 && bytes + more > limits.max_record_bytes) break;
    bytes += more;
    piece.pages += limits.PagesFor(more);
    ++piece.count;
  }
  return piece;
}

std::optional<TimePoint> ExpiryOf(Ttl ttl, TimePoint now) {
  return ttl == kNoTtl ? std::nullopt : std::optional(now + ttl);
}

int Put(Entries& table, const RawEntry& entry, TimePoint now) {
  return table.Put(entry.path, entry.value, now, ExpiryOf(entry.ttl, now));
}

// Stores the entries of one transaction. Removes those that are too large, and
// sets `rejected` to their number. Returns LMDB's code.
int PutPiece(Entries& table, std::span<const RawEntry> entries, TimePoint now,
             const Limits& limits, uint64_t& rejected) {
  rejected = 0;
  for (const RawEntry& entry : entries) {
    int rc = 0;
    if (RecordBytesOf(entry, limits)) {
      rc = Put(table, entry, now);
    } else {
      ++rejected;
      rc = table.Remove(entry.path);
    }
    if (rc != 0) return rc;
  }
  return 0;
}

// `outcome`: what happened to the key.
Status TooLarge(const Limits& limits, const char* outcome) {
  return Status(ErrorCode::kTooLarge,
                "a value is larger than " +
                    std::to_string(limits.max_value_bytes) +
                    " bytes, which include a key path of over 510 bytes; " +
                    outcome + "; store smaller values, or raise max_bytes");
}

}  // namespace

Status SetEntries(Writer& writer, std::span<const RawEntry> entries,
                  uint64_t& stored) {
  const Limits& limits = writer.environment().limits();
  uint64_t all_rejected = 0;
  while (!entries.empty()) {
    const Piece piece = FirstPiece(entries, limits);
    uint64_t rejected = 0;
    Status written =
        writer.Apply({piece.pages, [&](Entries& table, TimePoint now) {
                        return PutPiece(table, entries.first(piece.count), now,
                                        limits, rejected);
                      }});
    if (!written.ok()) return written;
    stored += piece.count - rejected;
    all_rejected += rejected;
    entries = entries.subspan(piece.count);
  }
  return all_rejected == 0 ? Status()
                           : TooLarge(limits, "its key is now empty");
}

Result<bool> AddEntry(Writer& writer, const RawEntry& entry) {
  const Limits& limits = writer.environment().limits();
  const std::optional<uint64_t> bytes = RecordBytesOf(entry, limits);
  if (!bytes) return TooLarge(limits, "nothing was changed");
  bool exists = false;
  Change change;
  change.pages = limits.PagesFor(*bytes);
  change.check = [&](const Entries& table, TimePoint now, bool& is_needless) {
    const int rc = table.IsLive(entry.path, now, exists);
    is_needless = exists;
    return rc;
  };
  change.apply = [&](Entries& table, TimePoint now) {
    return Put(table, entry, now);
  };
  Status written = writer.Apply(change);
  if (!written.ok()) return written;
  return !exists;
}

// The room that a transaction needs is not known before it has found the
// record, so the first one may only find its size.
Result<bool> SetTtlOf(Writer& writer, std::string_view path, Ttl ttl) {
  const Limits& limits = writer.environment().limits();
  uint64_t room = 0;
  for (;;) {
    bool found = false;
    uint64_t record_bytes = 0;
    Status written =
        writer.Apply({room == 0 ? 0 : limits.PagesFor(room),
                      [&](Entries& table, TimePoint now) {
                        return table.SetExpiry(path, now, ExpiryOf(ttl, now),
                                               room, found, record_bytes);
                      }});
    if (!written.ok()) return written;
    if (!found) return false;
    if (record_bytes <= room) return true;
    room = record_bytes;
  }
}

Status RemoveEntries(Writer& writer, std::span<const std::string_view> paths,
                     uint64_t& done) {
  const uint64_t max_entries = writer.environment().limits().max_entries;
  while (!paths.empty()) {
    const auto piece = paths.first(std::min<size_t>(paths.size(), max_entries));
    Status removed = writer.Apply({0, [&](Entries& table, TimePoint) {
                                     for (const std::string_view path : piece) {
                                       const int rc = table.Remove(path);
                                       if (rc != 0) return rc;
                                     }
                                     return 0;
                                   }});
    if (!removed.ok()) return removed;
    done += piece.size();
    paths = paths.subspan(piece.size());
  }
  return Status();
}

}  // namespace appcache::lmdb
