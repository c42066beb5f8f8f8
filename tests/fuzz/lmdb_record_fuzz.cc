// Decodes any bytes as a record of LmdbCache. A record of version 2 that
// decodes must encode to the same bytes; one of version 1, to version 2 of the
// same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/lmdb/record.h"

namespace appcache::lmdb {
namespace {

void Check(std::string_view bytes) {
  std::optional<Record> record = DecodeRecord(bytes);
  const std::optional<Record> head = DecodeHead(bytes);
  if (record && !head) std::abort();
  if (head && (head->value.size() > bytes.size() ||
               (head->path && head->path->size() > bytes.size()))) {
    std::abort();
  }
  if (!record) return;
  const bool is_old = record->expires_at && !record->written_at;
  if (is_old) record->written_at = record->expires_at;
  std::string again(RecordBytes(*record), '\0');
  EncodeRecord(*record, again.data());
  if (bytes.starts_with('\x02') && again != bytes) std::abort();
  const std::optional<Record> second = DecodeRecord(again);
  if (!second || second->value != record->value ||
      second->path != record->path ||
      second->expires_at != record->expires_at ||
      second->sequence != record->sequence) {
    std::abort();
  }
}

std::string ChecksumBytes(std::string_view of) {
  std::string bytes;
  uint32_t checksum = Checksum(of);
  for (int i = 0; i < 4; ++i, checksum >>= 8) {
    bytes += static_cast<char>(checksum & 0xff);
  }
  return bytes;
}

// The same with valid checksums, which a random input hardly ever has: as a
// record of version 1, and as the head of one of version 2 with a value.
void CheckSealed(std::string_view unchecked) {
  Check(std::string(unchecked) + ChecksumBytes(unchecked.substr(0, 240)));
  const std::string head = std::string(unchecked) + ChecksumBytes("value");
  Check(head + ChecksumBytes(head) + "value");
}

// LMDB must accept the key of any path.
void CheckKey(std::string_view path) {
  const EntryKey key(path);
  const size_t size = key.view().size();
  if (size < 1 || size > EntryKey::kMaxBytes) std::abort();
  if (!key.is_hashed() && key.view().substr(1) != path) std::abort();
}

}  // namespace
}  // namespace appcache::lmdb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  appcache::lmdb::Check(bytes);
  appcache::lmdb::CheckSealed(bytes);
  appcache::lmdb::CheckKey(bytes);
  return 0;
}
