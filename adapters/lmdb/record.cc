#include "adapters/lmdb/record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/support/byte_order.h"

namespace appcache::lmdb {
namespace {

using internal::LoadLittleEndian;
using internal::StoreLittleEndian;

constexpr char kVersion1 = 1;
constexpr char kVersion2 = 2;
constexpr unsigned char kExpires = 1;
constexpr unsigned char kHasPath = 2;

constexpr size_t kFlagsAt = 1;
constexpr size_t kSequenceAt = 2;
constexpr size_t kStartBytes = 10;  // version, flags, sequence number
constexpr size_t kTimeBytes = 8;
constexpr size_t kPathSizeBytes = 4;
constexpr size_t kChecksumBytes = 4;
static_assert(kStartBytes + 2 * kTimeBytes + kPathSizeBytes +
                  2 * kChecksumBytes ==
              kMaxRecordOverhead);

// What the checksum of version 1 covers at most.
constexpr size_t kCheckedBytes1 = 240;

char* AppendTime(TimePoint time, char* to) noexcept {
  StoreLittleEndian<int64_t>(time.time_since_epoch().count(), to);
  return to + kTimeBytes;
}

char* AppendNumber(uint32_t number, char* to) noexcept {
  StoreLittleEndian<uint32_t>(number, to);
  return to + sizeof(number);
}

// Takes the parts of a record from its bytes, one after another. Each result is
// empty when the bytes do not suffice.
class Parts {
 public:
  explicit Parts(std::string_view bytes) noexcept : rest_(bytes) {}

  std::string_view rest() const noexcept { return rest_; }

  std::optional<std::string_view> Take(size_t bytes) noexcept {
    if (rest_.size() < bytes) return std::nullopt;
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  std::optional<TimePoint> TakeTime() noexcept {
    const auto bytes = Take(kTimeBytes);
    if (!bytes) return std::nullopt;
    return TimePoint(
        std::chrono::microseconds(LoadLittleEndian<int64_t>(bytes->data())));
  }
  std::optional<uint32_t> TakeNumber() noexcept {
    const auto bytes = Take(sizeof(uint32_t));
    if (!bytes) return std::nullopt;
    return LoadLittleEndian<uint32_t>(bytes->data());
  }

 private:
  std::string_view rest_;
};

// Takes what both versions begin with. False if it is not complete.
bool TakeStart(Parts& parts, Record& record) noexcept {
  const auto start = parts.Take(kStartBytes);
  if (!start) return false;
  const auto flags = static_cast<unsigned char>((*start)[kFlagsAt]);
  if ((flags & ~(kExpires | kHasPath)) != 0) return false;
  record.sequence = LoadLittleEndian<uint64_t>(start->data() + kSequenceAt);
  if ((flags & kExpires) != 0) {
    record.expires_at = parts.TakeTime();
    if (!record.expires_at) return false;
    if ((*start)[0] == kVersion2) {
      record.written_at = parts.TakeTime();
      if (!record.written_at) return false;
    }
  }
  if ((flags & kHasPath) == 0) return true;
  const auto path_bytes = parts.TakeNumber();
  if (path_bytes) record.path = parts.Take(*path_bytes);
  return record.path.has_value();
}

bool DecodeVersion1(std::string_view bytes, Record& record) noexcept {
  if (bytes.size() < kStartBytes + kChecksumBytes) return false;
  const std::string_view checked =
      bytes.substr(0, bytes.size() - kChecksumBytes);
  Parts parts(checked);
  if (LoadLittleEndian<uint32_t>(checked.data() + checked.size()) !=
          Checksum(checked.substr(0, kCheckedBytes1)) ||
      !TakeStart(parts, record)) {
    return false;
  }
  record.value = parts.rest();
  return true;
}

// Sets `value_checksum` to what the record says.
bool DecodeHead2(std::string_view bytes, Record& record,
                 uint32_t& value_checksum) noexcept {
  Parts parts(bytes);
  if (!TakeStart(parts, record)) return false;
  const auto value_part = parts.TakeNumber();
  if (!value_part) return false;
  value_checksum = *value_part;
  const std::string_view head =
      bytes.substr(0, bytes.size() - parts.rest().size());
  const auto head_checksum = parts.TakeNumber();
  if (!head_checksum || *head_checksum != Checksum(head)) return false;
  record.value = parts.rest();
  return true;
}

std::optional<Record> Decode(std::string_view bytes,
                             bool checks_value) noexcept {
  std::optional<Record> record(std::in_place);
  bool is_sound = false;
  if (bytes.starts_with(kVersion2)) {
    uint32_t value_checksum = 0;
    is_sound = DecodeHead2(bytes, *record, value_checksum) &&
               (!checks_value || Checksum(record->value) == value_checksum);
  } else if (bytes.starts_with(kVersion1)) {
    is_sound = DecodeVersion1(bytes, *record);
  }
  if (!is_sound) record.reset();
  return record;
}

}  // namespace

uint32_t Checksum(std::string_view bytes) noexcept {
  return static_cast<uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

size_t RecordBytes(const Record& record) noexcept {
  return kStartBytes + (record.expires_at ? 2 * kTimeBytes : 0) +
         (record.path ? kPathSizeBytes + record.path->size() : 0) +
         2 * kChecksumBytes + record.value.size();
}

void EncodeRecord(const Record& record, char* to) noexcept {
  assert(!record.path ||
         record.path->size() <= std::numeric_limits<uint32_t>::max());
  assert(!record.expires_at || record.written_at);
  to[0] = kVersion2;
  to[kFlagsAt] = static_cast<char>((record.expires_at ? kExpires : 0) |
                                   (record.path ? kHasPath : 0));
  StoreLittleEndian<uint64_t>(record.sequence, to + kSequenceAt);
  char* at = to + kStartBytes;
  if (record.expires_at) {
    at = AppendTime(*record.expires_at, at);
    at = AppendTime(*record.written_at, at);
  }
  if (record.path) {
    at = AppendNumber(static_cast<uint32_t>(record.path->size()), at);
    at = std::copy(record.path->begin(), record.path->end(), at);
  }
  at = AppendNumber(Checksum(record.value), at);
  at = AppendNumber(Checksum({to, static_cast<size_t>(at - to)}), at);
  std::copy(record.value.begin(), record.value.end(), at);
}

std::optional<Record> DecodeRecord(std::string_view bytes) noexcept {
  return Decode(bytes, /*checks_value=*/true);
}

std::optional<Record> DecodeHead(std::string_view bytes) noexcept {
  return Decode(bytes, /*checks_value=*/false);
}

EntryKey::EntryKey(std::string_view path) noexcept {
  if (path.size() < kMaxBytes) {
    bytes_[0] = kPathMark;
    std::copy(path.begin(), path.end(), bytes_.begin() + 1);
    size_ = 1 + path.size();
    return;
  }
  bytes_[0] = kHashedMark;
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(path.data(), path.size()));
  std::memcpy(bytes_.data() + 1, &hash, sizeof(hash));
  size_ = 1 + sizeof(hash);
}

bool PathStartsWith(std::string_view key, std::string_view record_bytes,
                    std::string_view prefix) noexcept {
  if (!key.starts_with(EntryKey::kHashedMark)) {
    return key.substr(1).starts_with(prefix);
  }
  const std::optional<Record> record = DecodeHead(record_bytes);
  return record && record->path && record->path->starts_with(prefix);
}

}  // namespace appcache::lmdb
