#include "adapters/lmdb/record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "adapters/lmdb/numbers.h"

namespace appcache::lmdb {
namespace {

constexpr char kVersion = 1;
constexpr unsigned char kEnds = 1;
constexpr unsigned char kHasPath = 2;

constexpr size_t kFlagsAt = 1;
constexpr size_t kNumberAt = 2;
constexpr size_t kHeadBytes = 10;  // what every record has before its value
constexpr size_t kEndBytes = 8;
constexpr size_t kPathSizeBytes = 4;
constexpr size_t kChecksumBytes = 4;
static_assert(kHeadBytes + kEndBytes + kPathSizeBytes + kChecksumBytes ==
              kMaxRecordOverhead);

constexpr size_t kCheckedBytes = 240;

}  // namespace

uint32_t RecordChecksum(std::string_view unchecked) noexcept {
  return static_cast<uint32_t>(
      XXH3_64bits(unchecked.data(), std::min(unchecked.size(), kCheckedBytes)));
}

size_t RecordBytes(const Record& record) noexcept {
  return kHeadBytes + (record.ends_at ? kEndBytes : 0) +
         (record.path ? kPathSizeBytes + record.path->size() : 0) +
         record.value.size() + kChecksumBytes;
}

void EncodeRecord(const Record& record, char* to) noexcept {
  to[0] = kVersion;
  to[kFlagsAt] = static_cast<char>((record.ends_at ? kEnds : 0) |
                                   (record.path ? kHasPath : 0));
  StoreLittle(record.number, to + kNumberAt);
  char* at = to + kHeadBytes;
  if (record.ends_at) {
    StoreLittle(
        static_cast<uint64_t>(record.ends_at->time_since_epoch().count()), at);
    at += kEndBytes;
  }
  if (record.path) {
    StoreLittle(static_cast<uint32_t>(record.path->size()), at);
    at += kPathSizeBytes;
    at = std::copy(record.path->begin(), record.path->end(), at);
  }
  at = std::copy(record.value.begin(), record.value.end(), at);
  StoreLittle(RecordChecksum({to, static_cast<size_t>(at - to)}), at);
}

std::optional<Record> DecodeRecord(std::string_view bytes) noexcept {
  if (bytes.size() < kHeadBytes + kChecksumBytes || bytes[0] != kVersion) {
    return std::nullopt;
  }
  std::string_view rest = bytes.substr(0, bytes.size() - kChecksumBytes);
  const auto flags = static_cast<unsigned char>(bytes[kFlagsAt]);
  if ((flags & ~(kEnds | kHasPath)) != 0 ||
      LoadLittle<uint32_t>(bytes.data() + rest.size()) !=
          RecordChecksum(rest)) {
    return std::nullopt;
  }
  std::optional<Record> record(std::in_place);
  record->number = LoadLittle<uint64_t>(bytes.data() + kNumberAt);
  rest.remove_prefix(kHeadBytes);
  if ((flags & kEnds) != 0) {
    if (rest.size() < kEndBytes) return std::nullopt;
    record->ends_at = TimePoint(std::chrono::microseconds(
        static_cast<int64_t>(LoadLittle<uint64_t>(rest.data()))));
    rest.remove_prefix(kEndBytes);
  }
  if ((flags & kHasPath) != 0) {
    if (rest.size() < kPathSizeBytes) return std::nullopt;
    const size_t path_bytes = LoadLittle<uint32_t>(rest.data());
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

bool PathBegins(std::string_view key, std::string_view record_bytes,
                std::string_view prefix) noexcept {
  if (!key.starts_with(EntryKey::kHashedMark)) {
    return key.substr(1).starts_with(prefix);
  }
  const std::optional<Record> record = DecodeRecord(record_bytes);
  return record && record->path && record->path->starts_with(prefix);
}

}  // namespace appcache::lmdb
