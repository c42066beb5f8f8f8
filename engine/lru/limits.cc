#include "engine/lru/limits.h"

#include <string>

namespace appcache::lru {
namespace {

// Whether the time can be stored, and counted on from.
bool IsStorable(TimePoint time) noexcept {
  return time >= TimePoint() && time <= kMaxTime;
}

}  // namespace

Status CheckKeySize(std::string_view path) {
  if (path.size() <= kMaxKeyBytes) return Status();
  return Status(ErrorCode::kInvalidKey,
                "a key path has " + std::to_string(path.size()) +
                    " bytes; the limit is " + std::to_string(kMaxKeyBytes));
}

Status CheckEntrySize(const policy::Limits& limits, std::string_view key,
                      std::string_view value, std::string_view consequence) {
  const uint64_t bytes = key.size() + value.size();
  const uint64_t max_entry_bytes =
      limits.max_bytes.value_or(kMaxValueBytes + kMaxKeyBytes);
  const bool is_over_value = value.size() > kMaxValueBytes;
  if (!is_over_value && bytes <= max_entry_bytes) return Status();
  const uint64_t limit = is_over_value ? kMaxValueBytes : max_entry_bytes;
  return Status(ErrorCode::kTooLarge, "an entry has " + std::to_string(bytes) +
                                          " bytes; the limit is " +
                                          std::to_string(limit) + "; " +
                                          std::string(consequence));
}

Status CheckTimes(const EntryInfo& info) {
  if (IsStorable(info.last_used) &&
      (!info.expires_at || IsStorable(*info.expires_at))) {
    return Status();
  }
  return Status(ErrorCode::kInvalidArgument,
                "the last access or the expiry time of an entry to restore is "
                "before 1970 or after SqliteCache::kMaxTime");
}

}  // namespace appcache::lru
