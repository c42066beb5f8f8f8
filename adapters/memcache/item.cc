#include "adapters/memcache/item.h"

#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

namespace appcache::memcache {
namespace {

using std::chrono::seconds;

constexpr std::string_view kFormat = "apk1";
constexpr size_t kLengthBytes = 4;
constexpr size_t kHeaderBytes = kFormat.size() + kLengthBytes;

constexpr uint64_t kItemOverhead = 48 + 8 + 1 + 2;

// protocol.txt, "Expiration times".
constexpr seconds kMaxRelative = std::chrono::hours(24 * 30);
constexpr int64_t kMaxAbsolute = std::numeric_limits<int32_t>::max();

}  // namespace

std::string HeaderOf(const WireKey& key) {
  std::string header;
  if (!key.is_hashed()) return header;
  header.reserve(kHeaderBytes + key.path().size());
  header = kFormat;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    header += static_cast<char>(key.path().size() >> 8 * i & 0xff);
  }
  return header += key.path();
}

Stored ValueIn(std::string_view stored, const WireKey& key,
               std::string_view& value) noexcept {
  value = stored;
  if (!key.is_hashed()) return Stored::kValue;
  if (stored.size() < kHeaderBytes || !stored.starts_with(kFormat)) {
    return Stored::kForeign;
  }
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    const auto byte = static_cast<unsigned char>(stored[kFormat.size() + i]);
    length |= size_t{byte} << 8 * i;
  }
  stored.remove_prefix(kHeaderBytes);
  if (length > stored.size()) return Stored::kForeign;
  if (stored.substr(0, length) != key.path()) return Stored::kOther;
  value = stored.substr(length);
  return Stored::kValue;
}

Lookup<Bytes> ToLookup(Bytes stored, const WireKey& key,
                       const std::string& server) {
  std::string_view value;
  switch (ValueIn(stored.view(), key, value)) {
    case Stored::kValue:
      break;
    case Stored::kOther:
      return Lookup<Bytes>::Miss();
    case Stored::kForeign:
      return Lookup<Bytes>::Failed(
          Status(ErrorCode::kCorrupt,
                 "the entry on " + server +
                     " under the hash of the key path was not written by this "
                     "library; invalidate it"));
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
  return max_item_bytes - ItemBytes(WireKey("k"), 0);
}

int64_t ExpTime(Ttl ttl, TimePoint now) noexcept {
  if (ttl == kNoTtl) return 0;
  const seconds whole = std::chrono::ceil<seconds>(ttl) + seconds(1);
  if (whole <= kMaxRelative) return whole.count();
  const int64_t end =
      (std::chrono::floor<seconds>(now.time_since_epoch()) + whole).count();
  return end <= kMaxAbsolute ? end : 0;
}

Ttl LeftOf(int64_t left) noexcept {
  if (left < 0) return kNoTtl;
  return left > 1 ? Ttl(seconds(left - 1)) : Ttl(1);
}

}  // namespace appcache::memcache
