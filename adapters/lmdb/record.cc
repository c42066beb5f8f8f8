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

constexpr char kVersion = 1;
constexpr unsigned char kExpires = 1;
constexpr unsigned char kHasPath = 2;

constexpr size_t kFlagsAt = 1;
constexpr size_t kSequenceAt = 2;
constexpr size_t kHeadBytes = 10;  // version, flags, sequence number
constexpr size_t kExpiryBytes = 8;
constexpr size_t kPathSizeBytes = 4;
constexpr size_t kChecksumBytes = 4;
static_assert(kHeadBytes + kExpiryBytes + kPathSizeBytes + kChecksumBytes ==
              kMaxRecordOverhead);

constexpr size_t kCheckedBytes = 240;

}  // namespace

uint32_t RecordChecksum(std::string_view unchecked) noexcept {
  return static_cast<uint32_t>(
      XXH3_64bits(unchecked.data(), std::min(unchecked.size(), kCheckedBytes)));
}

size_t RecordBytes(const Record& record) noexcept {
  return kHeadBytes + (record.expires_at ? kExpiryBytes : 0) +
         (record.path ? kPathSizeBytes + record.path->size() : 0) +
         record.value.size() + kChecksumBytes;
}

void EncodeRecord(const Record& record, char* to) noexcept {
  assert(!record.path ||
         record.path->size() <= std::numeric_limits<uint32_t>::max());
  to[0] = kVersion;
  to[kFlagsAt] = static_cast<char>((record.expires_at ? kExpires : 0) |
                                   (record.path ? kHasPath : 0));
  StoreLittleEndian<uint64_t>(record.sequence, to + kSequenceAt);
  char* at = to + kHeadBytes;
  if (record.expires_at) {
    StoreLittleEndian<int64_t>(record.expires_at->time_since_epoch().count(),
                               at);
    at += kExpiryBytes;
  }
  if (record.path) {
    StoreLittleEndian<uint32_t>(static_cast<uint32_t>(record.path->size()), at);
    at += kPathSizeBytes;
    at = std::copy(record.path->begin(), record.path->end(), at);
  }
  at = std::copy(record.value.begin(), record.value.end(), at);
  StoreLittleEndian<uint32_t>(
      RecordChecksum({to, static_cast<size_t>(at - to)}), at);
}

std::optional<Record> DecodeRecord(std::string_view bytes) noexcept {
  if (bytes.size() < kHeadBytes + kChecksumBytes || bytes[0] != kVersion) {
    return std::nullopt;
  }
  std::string_view rest = bytes.substr(0, bytes.size() - kChecksumBytes);
  const auto flags = static_cast<unsigned char>(bytes[kFlagsAt]);
  if ((flags & ~(kExpires | kHasPath)) != 0 ||
      LoadLittleEndian<uint32_t>(bytes.data() + rest.size()) !=
          RecordChecksum(rest)) {
    return std::nullopt;
  }
  std::optional<Record> record(std::in_place);
  record->sequence = LoadLittleEndian<uint64_t>(bytes.data() + kSequenceAt);
  rest.remove_prefix(kHeadBytes);
  if ((flags & kExpires) != 0) {
    if (rest.size() < kExpiryBytes) return std::nullopt;
    record->expires_at = TimePoint(
        std::chrono::microseconds(LoadLittleEndian<int64_t>(rest.data())));
    rest.remove_prefix(kExpiryBytes);
  }
  if ((flags & kHasPath) != 0) {
    if (rest.size() < kPathSizeBytes) return std::nullopt;
    const size_t path_bytes = LoadLittleEndian<uint32_t>(rest.data());
    rest.remove_prefix(kPathSizeBytes);
    if (rest.size() < path_bytes) return std::nullopt;
    record->path = rest.substr(0, path_bytes);
    rest.remove_prefix(path_bytes);
  }
  record->value = rest;
  return record;
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
  const std::optional<Record> record = DecodeRecord(record_bytes);
  return record && record->path && record->path->starts_with(prefix);
}

}  // namespace appcache::lmdb
