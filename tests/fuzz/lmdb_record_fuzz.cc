// Any bytes as a record of LmdbCache: what is decoded is encoded to the same
// bytes again.

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

// The same with the checksum that hardly any input has.
void CheckSealed(std::string_view unchecked) {
  std::string bytes(unchecked);
  uint32_t checksum = RecordChecksum(unchecked);
  for (int i = 0; i < 4; ++i, checksum >>= 8) {
    bytes += static_cast<char>(checksum & 0xff);
  }
  Check(bytes);
}

// A path of an entry: its key is one that LMDB takes.
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
