// Decodes any bytes as a record of LmdbCache. A record that decodes must encode
// to the same bytes.

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
  const std::optional<Record> record = DecodeRecord(bytes);
  if (!record) return;
  std::string again(RecordBytes(*record), '\0');
  EncodeRecord(*record, again.data());
  if (again != bytes) std::abort();
}

// The same with a valid checksum, which a random input hardly ever has.
void CheckSealed(std::string_view unchecked) {
  std::string bytes(unchecked);
  uint32_t checksum = RecordChecksum(unchecked);
  for (int i = 0; i < 4; ++i, checksum >>= 8) {
    bytes += static_cast<char>(checksum & 0xff);
  }
  Check(bytes);
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
