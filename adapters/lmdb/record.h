// The record: what LMDB stores under the key of an entry, and that key. Pure
// functions that do not depend on LMDB.
//
// Version 1. All numbers are little-endian, without padding:
//
//   bytes
//       1  version: 1
//       1  flags: 1, the entry expires; 2, the record holds its path
//       8  sequence number: grows with each record that is written
//       8  with flag 1 only: the expiry time, in microseconds since the Unix
//          epoch, signed
//       4  with flag 2 only: the size of the path
//       .  with flag 2 only: the path
//       .  the value
//       4  the low half of XXH3 (64 bits, no seed) of the bytes before it, or
//          of their first 240 if there are more
//
// The checksum detects bytes that are not a record, and a record that was
// truncated or overwritten at its beginning or end. It does not cover a whole
// large value: hashing 4 KiB takes a third of the time of a get, and XXH3 is
// fastest up to 240 bytes.

#ifndef APPCACHE_ADAPTERS_LMDB_RECORD_H_
#define APPCACHE_ADAPTERS_LMDB_RECORD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "appcache/times.h"

namespace appcache::lmdb {

struct Record {
  // Present if the key of the entry does not contain the path.
  std::optional<std::string_view> path;
  std::string_view value;
  std::optional<TimePoint> expires_at;
  uint64_t sequence = 0;

  bool HasExpired(TimePoint now) const noexcept {
    return expires_at && *expires_at <= now;
  }
};

// The most bytes that a record has besides path and value.
inline constexpr size_t kMaxRecordOverhead = 26;

// The number of bytes that EncodeRecord writes.
size_t RecordBytes(const Record& record) noexcept;

// Writes RecordBytes(record) bytes to `to`. REQUIRES: the path has less than
// 4 GiB.
void EncodeRecord(const Record& record, char* to) noexcept;

// The record in `bytes`, with views into them. None if `bytes` are not a
// complete record of this version, or the checksum shows damage.
std::optional<Record> DecodeRecord(std::string_view bytes) noexcept;

// The checksum of a record; `unchecked` is the record without it.
uint32_t RecordChecksum(std::string_view unchecked) noexcept;

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
