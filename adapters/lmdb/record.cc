#include "adapters/lmdb/record.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "adapters/lmdb/numbers.h"

namespace appcache::lmdb {
namespace {

constexpr size_t kVersionAt = 0;
constexpr size_t kFlagsAt = 1;
constexpr size_t kZeroAt = 2;
constexpr size_t kPathBytesAt = 4;
constexpr size_t kEndAt = 8;
constexpr size_t kNumberAt = 16;
constexpr size_t kHeaderBytes = 24;
constexpr size_t kChecksumBytes = 8;
static_assert(kHeaderBytes + kChecksumBytes == kRecordOverhead);

constexpr char kVersion = 1;
constexpr unsigned kEnds = 1;
constexpr unsigned kHasPath = 2;

constexpr size_t kCheckedBytes = 1024;

}  // namespace

uint64_t RecordChecksum(std::string_view unchecked) noexcept {
  return XXH3_64bits(unchecked.data(),
                     std::min(unchecked.size(), kCheckedBytes));
}

size_t RecordBytes(const Record& record) noexcept {
  return kRecordOverhead + (record.path ? record.path->size() : 0) +
         record.value.size();
}

void EncodeRecord(const Record& record, char* to) noexcept {
  const std::string_view path = record.path.value_or(std::string_view());
  const std::string_view value = record.value;
  to[kVersionAt] = kVersion;
  to[kFlagsAt] = static_cast<char>((record.ends_at ? kEnds : 0) |
                                   (record.path ? kHasPath : 0));
  StoreLittle<uint16_t>(0, to + kZeroAt);
  StoreLittle(static_cast<uint32_t>(path.size()), to + kPathBytesAt);
  const int64_t end =
      record.ends_at ? record.ends_at->time_since_epoch().count() : 0;
  StoreLittle(static_cast<uint64_t>(end), to + kEndAt);
  StoreLittle(record.number, to + kNumberAt);
  char* at = to + kHeaderBytes;
  at = std::copy(path.begin(), path.end(), at);
  at = std::copy(value.begin(), value.end(), at);
  StoreLittle(RecordChecksum({to, static_cast<size_t>(at - to)}), at);
}

std::optional<Record> DecodeRecord(std::string_view bytes) noexcept {
  if (bytes.size() < kRecordOverhead) return std::nullopt;
  const std::string_view unchecked =
      bytes.substr(0, bytes.size() - kChecksumBytes);
  const char* const from = bytes.data();
  if (from[kVersionAt] != kVersion ||
      LoadLittle<uint64_t>(from + unchecked.size()) !=
          RecordChecksum(unchecked)) {
    return std::nullopt;
  }
  const auto flags = static_cast<unsigned char>(from[kFlagsAt]);
  const size_t path_bytes = LoadLittle<uint32_t>(from + kPathBytesAt);
  const auto end = static_cast<int64_t>(LoadLittle<uint64_t>(from + kEndAt));
  if ((flags & ~(kEnds | kHasPath)) != 0 ||
      LoadLittle<uint16_t>(from + kZeroAt) != 0 ||
      path_bytes > unchecked.size() - kHeaderBytes ||
      ((flags & kHasPath) == 0 && path_bytes != 0) ||
      ((flags & kEnds) == 0 && end != 0)) {
    return std::nullopt;
  }
  Record record;
  if ((flags & kHasPath) != 0) {
    record.path = unchecked.substr(kHeaderBytes, path_bytes);
  }
  record.value = unchecked.substr(kHeaderBytes + path_bytes);
  if ((flags & kEnds) != 0) {
    record.ends_at = TimePoint(std::chrono::microseconds(end));
  }
  record.number = LoadLittle<uint64_t>(from + kNumberAt);
  return record;
}

EntryKey::EntryKey(std::string_view path) noexcept {
  if (path.size() < kMaxBytes) {
    bytes_[0] = 'k';
    std::copy(path.begin(), path.end(), bytes_.begin() + 1);
    size_ = 1 + path.size();
    return;
  }
  bytes_[0] = 'h';
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(path.data(), path.size()));
  std::memcpy(bytes_.data() + 1, &hash, sizeof(hash));
  size_ = 1 + sizeof(hash);
}

}  // namespace appcache::lmdb
