#include "adapters/tiered/copy.h"

#include <cassert>

#include "engine/support/byte_order.h"

namespace appcache::tiered {
namespace {

using internal::LoadLittleEndian;
using internal::StoreLittleEndian;

constexpr char kValue = 'v';
constexpr char kAbsence = 'a';

// Offsets in the trailer.
constexpr size_t kEpoch = 0;
constexpr size_t kServedUntil = 8;
constexpr size_t kExpiresAt = 16;
constexpr size_t kKind = 24;

void StoreTime(TimePoint time, char* to) noexcept {
  StoreLittleEndian<int64_t>(time.time_since_epoch().count(), to);
}

TimePoint LoadTime(const char* from) noexcept {
  return TimePoint(TimePoint::duration(LoadLittleEndian<int64_t>(from)));
}

}  // namespace

std::string EncodeCopy(std::string_view value, const CopyTrailer& trailer) {
  assert(!trailer.is_absence || value.empty());
  char bytes[kTrailerBytes];
  StoreLittleEndian<uint64_t>(trailer.epoch, bytes + kEpoch);
  StoreTime(trailer.served_until, bytes + kServedUntil);
  StoreTime(trailer.expires_at, bytes + kExpiresAt);
  bytes[kKind] = trailer.is_absence ? kAbsence : kValue;
  std::string record;
  record.reserve(value.size() + kTrailerBytes);
  record.append(value);
  record.append(bytes, kTrailerBytes);
  return record;
}

std::optional<CopyTrailer> DecodeTrailer(std::string_view record) noexcept {
  if (record.size() < kTrailerBytes) return std::nullopt;
  const char* const bytes = record.data() + record.size() - kTrailerBytes;
  const char kind = bytes[kKind];
  const bool is_absence = kind == kAbsence && record.size() == kTrailerBytes;
  if (kind != kValue && !is_absence) return std::nullopt;
  return CopyTrailer{.epoch = LoadLittleEndian<uint64_t>(bytes + kEpoch),
                     .served_until = LoadTime(bytes + kServedUntil),
                     .expires_at = LoadTime(bytes + kExpiresAt),
                     .is_absence = is_absence};
}

}  // namespace appcache::tiered
