#include "adapters/memcache/item.h"

#include <cassert>
#include <cstddef>
#include <limits>
#include <utility>

#include "adapters/memcache/foreign_value.h"
#include "engine/support/byte_order.h"

namespace appcache::memcache {
namespace {

constexpr std::string_view kFormat = "apk1";
constexpr size_t kHeaderBytes = kFormat.size() + sizeof(uint32_t);

constexpr uint64_t kItemOverhead = 48 + 8 + 1 + 2;

}  // namespace

std::string HeaderOf(const WireKey& key) {
  std::string header;
  if (!key.is_hashed()) return header;
  const std::string_view path = key.path();
  assert(path.size() <= std::numeric_limits<uint32_t>::max());
  header.reserve(kHeaderBytes + path.size());
  header = kFormat;
  header.resize(kHeaderBytes);
  internal::StoreLittleEndian<uint32_t>(static_cast<uint32_t>(path.size()),
                                        header.data() + kFormat.size());
  return header += path;
}

Stored ValueIn(std::string_view stored, const WireKey& key,
               std::string_view& value) noexcept {
  value = stored;
  if (!key.is_hashed()) return Stored::kValue;
  if (stored.size() < kHeaderBytes || !stored.starts_with(kFormat)) {
    return Stored::kForeign;
  }
  const size_t path_bytes =
      internal::LoadLittleEndian<uint32_t>(stored.data() + kFormat.size());
  stored.remove_prefix(kHeaderBytes);
  if (path_bytes > stored.size()) return Stored::kForeign;
  if (stored.substr(0, path_bytes) != key.path()) return Stored::kOther;
  value = stored.substr(path_bytes);
  return Stored::kValue;
}

Lookup<Bytes> ToLookup(Bytes stored, uint32_t flags, const WireKey& key,
                       uint64_t max_inflated_bytes, const std::string& server) {
  if (flags != 0) {
    Result<Bytes> decoded = DecodeForeignValue(std::move(stored), flags,
                                               max_inflated_bytes, server);
    if (!decoded.ok()) return Lookup<Bytes>::Failed(decoded.status());
    stored = *std::move(decoded);
  }
  std::string_view value;
  switch (ValueIn(stored.view(), key, value)) {
    case Stored::kValue:
      break;
    case Stored::kOther:
      return Lookup<Bytes>::Miss();
    case Stored::kForeign:
      return Lookup<Bytes>::Failed(
          Status(ErrorCode::kCorrupt,
                 "the item on " + server +
                     " under the hash of the key path was not written by this "
                     "library; invalidate the key"));
  }
  if (value.size() == stored.size()) {
    return Lookup<Bytes>::Hit(std::move(stored));
  }
  return Lookup<Bytes>::Hit(Bytes::Copy(value));
}

uint64_t ItemBytes(const WireKey& key, uint64_t value_bytes) noexcept {
  const uint64_t header =
      key.is_hashed() ? kHeaderBytes + key.path().size() : 0;
  return kItemOverhead + key.view().size() + header + value_bytes;
}

uint64_t MaxValueBytes(uint64_t max_item_bytes) noexcept {
  assert(max_item_bytes >= kMinItemBytes);
  return max_item_bytes - ItemBytes(WireKey("k"), 0);
}

}  // namespace appcache::memcache
