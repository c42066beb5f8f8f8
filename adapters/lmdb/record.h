// The record: what LMDB holds under an entry's key, and the key itself. Pure:
// it knows nothing of LMDB.
//
// Version 1, all numbers little-endian, none with gaps before it:
//
//   bytes
//       1  version: 1
//       1  flags: 1, the entry ends; 2, the record holds its path
//       8  number: grows with each record that is written
//       8  with flag 1 only: the end of the ttl, in microseconds since the Unix
//          epoch, signed
//       4  with flag 2 only: the size of the path
//       .  with flag 2 only: the path
//       .  the value
//       4  the low half of XXH3 (64 bits, no seed) of what is before it, of its
//          first 240 bytes if it is more
//
// The checksum finds what is no record, and one that is cut short or
// overwritten at its beginning or end. It is not one of the whole value:
// hashing 4 KiB takes a third of a get, and XXH3 is fastest up to 240 bytes.

#ifndef APPCACHE_ADAPTERS_LMDB_RECORD_H_
#define APPCACHE_ADAPTERS_LMDB_RECORD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/clock.h"

namespace appcache::lmdb {

struct Record {
  // The path, if the entry's key does not say it.
  std::optional<std::string_view> path;
  std::string_view value;
  std::optional<TimePoint> ends_at;
  uint64_t number = 0;

  bool HasEnded(TimePoint now) const noexcept {
    return ends_at && *ends_at <= now;
  }
};

// What a record has at most beside path and value.
inline constexpr size_t kMaxRecordOverhead = 26;

// How many bytes EncodeRecord writes.
size_t RecordBytes(const Record& record) noexcept;

// Writes RecordBytes(record) bytes to `to`. REQUIRES: the path has less than
// 4 GiB.
void EncodeRecord(const Record& record, char* to) noexcept;

// The record, whose path and value are within `bytes`; none if they are not a
// record of this version, whole and undamaged as far as the checksum tells.
std::optional<Record> DecodeRecord(std::string_view bytes) noexcept;

// The checksum of a record without its checksum.
uint32_t RecordChecksum(std::string_view unchecked) noexcept;

// The key of the entry of a path: 'k' and the path; or, where that is longer
// than LMDB takes, 'h' and the XXH3 (128 bits, canonical) of the path. Two
// paths may so have one key: then the record holds the path.
class EntryKey {
 public:
  // What LMDB takes (its MDB_MAXKEYSIZE).
  static constexpr size_t kMaxBytes = 511;

  static constexpr char kPathMark = 'k';
  static constexpr char kHashedMark = 'h';

  explicit EntryKey(std::string_view path) noexcept;

  std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  bool is_hashed() const noexcept { return bytes_[0] == kHashedMark; }

  // Whether `record`, found under this key, is that of `path`, which the key
  // was made from.
  bool IsOf(const Record& record, std::string_view path) const noexcept {
    return record.path ? *record.path == path : !is_hashed();
  }

 private:
  std::array<char, kMaxBytes> bytes_;
  size_t size_;
};

// Whether the path of the entry that has `record` under `key` begins with
// `prefix`. False where nobody knows: of a damaged record under a hash.
bool PathBegins(std::string_view key, std::string_view record,
                std::string_view prefix) noexcept;

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_RECORD_H_
