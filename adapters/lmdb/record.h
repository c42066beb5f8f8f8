// The record: what LMDB stores under the key of an entry, and that key. Pure
// functions that do not depend on LMDB.
//
// Version 2, which is written. All numbers are little-endian, without padding:
//
//   bytes
//       1  version: 2
//       1  flags: 1, the entry expires; 2, the record holds its path
//       8  sequence number: grows with each record that is written
//       8  with flag 1 only: the expiry time, in microseconds since the Unix
//          epoch, signed
//       8  with flag 1 only: the time of the write, likewise
//       4  with flag 2 only: the size of the path
//       .  with flag 2 only: the path
//       4  the low half of XXH3 (64 bits, no seed) of the value
//       4  the low half of XXH3 of the bytes before it: of the head
//       .  the value
//
// A value is checked whenever it is returned. The head has a checksum of its
// own, so that an entry can be evicted without reading its value.
//
// Version 1, which is read: without the time of the write and without the
// checksums of the head and of the value. The value is followed by 4 bytes, the
// low half of XXH3 of the bytes before it, or of their first 240 if there are
// more. A large value is not covered.

#ifndef APPCACHE_ADAPTERS_LMDB_RECORD_H_
#define APPCACHE_ADAPTERS_LMDB_RECORD_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "appcache/times.h"

namespace appcache::lmdb {

// `a` - `b`, or the nearest duration that can be represented.
inline std::chrono::microseconds Difference(TimePoint a, TimePoint b) noexcept {
  using std::chrono::microseconds;
  const int64_t from = a.time_since_epoch().count();
  const int64_t to = b.time_since_epoch().count();
  int64_t difference = 0;
  if (!__builtin_sub_overflow(from, to, &difference)) {
    return microseconds(difference);
  }
  return from < to ? microseconds::min() : microseconds::max();
}

// Clocks of processes, and reads of one clock, may differ by this.
inline constexpr std::chrono::seconds kClockTolerance(9);

struct Record {
  // Present if the key of the entry does not contain the path.
  std::optional<std::string_view> path;
  std::string_view value;
  std::optional<TimePoint> expires_at;
  // The time of the write, if it is known. Only for an entry that expires.
  std::optional<TimePoint> written_at;
  uint64_t sequence = 0;

  bool HasExpired(TimePoint now) const noexcept {
    return expires_at && *expires_at <= now;
  }

  // Whether the clock was ahead of `now` by more than kClockTolerance when the
  // entry was written. Then it may live too long.
  bool IsAhead(TimePoint now) const noexcept {
    return written_at && *written_at > now &&
           Difference(*written_at, now) > kClockTolerance;
  }

  // Moves the expiry time back by `difference`, as far as a time can represent
  // that, as if the entry had been written `now`. REQUIRES: the entry expires.
  void MoveBack(std::chrono::microseconds difference, TimePoint now) noexcept {
    expires_at = TimePoint(Difference(*expires_at, TimePoint(difference)));
    written_at = now;
  }
};

// The most bytes that a record has besides path and value.
inline constexpr size_t kMaxRecordOverhead = 38;

// The number of bytes that EncodeRecord writes.
size_t RecordBytes(const Record& record) noexcept;

// Writes RecordBytes(record) bytes, of version 2, to `to`. REQUIRES: the path
// has less than 4 GiB, and written_at is set if expires_at is.
void EncodeRecord(const Record& record, char* to) noexcept;

// The record in `bytes`, with views into them. None if `bytes` are not a
// complete record of a version that is read, or a checksum shows damage.
std::optional<Record> DecodeRecord(std::string_view bytes) noexcept;

// The same without reading the value, except of a record of version 1: the
// value may be damaged.
std::optional<Record> DecodeHead(std::string_view bytes) noexcept;

// The low half of XXH3 of `bytes`.
uint32_t Checksum(std::string_view bytes) noexcept;

// The key of the entry of a path: 'k' and the path; or, for a path that is too
// long for a key of LMDB, 'h' and the XXH3 (128 bits, canonical) of the path.
// Two long paths may have the same key, so the record of a long path holds it.
class EntryKey {
 public:
  // LMDB's limit (its MDB_MAXKEYSIZE).
  static constexpr size_t kMaxBytes = 511;

  static constexpr char kPathMark = 'k';
  static constexpr char kHashedMark = 'h';

  explicit EntryKey(std::string_view path) noexcept;

  std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  bool is_hashed() const noexcept { return bytes_[0] == kHashedMark; }

  // True if `record`, found under this key, is that of `path`. REQUIRES: this
  // key was made from `path`.
  bool Matches(const Record& record, std::string_view path) const noexcept {
    return record.path ? *record.path == path : !is_hashed();
  }

 private:
  std::array<char, kMaxBytes> bytes_;
  size_t size_;
};

// True if the entry that has `record_bytes` under `key` has a path that starts
// with `prefix`. False if the path is unknown: a damaged record under a hash.
bool PathStartsWith(std::string_view key, std::string_view record_bytes,
                    std::string_view prefix) noexcept;

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_RECORD_H_
