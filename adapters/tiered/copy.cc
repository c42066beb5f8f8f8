#include "adapters/tiered/copy.h"

#include <cstring>
#include <utility>

namespace appcache::tiered {
namespace {

constexpr char kValue = 'v';
constexpr char kAbsence = 'a';

constexpr size_t kEpochAt = 0;
constexpr size_t kKeptUntilAt = 8;
constexpr size_t kEndAt = 16;
constexpr size_t kKindAt = 24;

void StoreLittle(uint64_t number, char* to) noexcept {
  for (int byte = 0; byte < 8; ++byte) {
    to[byte] = static_cast<char>(number >> (8 * byte));
  }
}

uint64_t LoadLittle(const char* from) noexcept {
  uint64_t number = 0;
  for (int byte = 0; byte < 8; ++byte) {
    number |= uint64_t{static_cast<unsigned char>(from[byte])} << (8 * byte);
  }
  return number;
}

void StoreTime(TimePoint time, char* to) noexcept {
  StoreLittle(static_cast<uint64_t>(time.time_since_epoch().count()), to);
}

TimePoint LoadTime(const char* from) noexcept {
  return TimePoint(TimePoint::duration(static_cast<int64_t>(LoadLittle(from))));
}

}  // namespace

std::string EncodeCopy(std::string_view value, const CopyTrailer& trailer) {
  char bytes[kTrailerBytes];
  StoreLittle(trailer.epoch, bytes + kEpochAt);
  StoreTime(trailer.kept_until, bytes + kKeptUntilAt);
  StoreTime(trailer.ends_at, bytes + kEndAt);
  bytes[kKindAt] = trailer.is_absence ? kAbsence : kValue;
  std::string record;
  record.reserve(value.size() + kTrailerBytes);
  record.append(value);
  record.append(bytes, kTrailerBytes);
  return record;
}

std::optional<Copy> DecodeCopy(Bytes record) {
  if (record.size() < kTrailerBytes) return std::nullopt;
  const char* const trailer = record.data() + record.size() - kTrailerBytes;
  const char kind = trailer[kKindAt];
  const bool is_absence = kind == kAbsence && record.size() == kTrailerBytes;
  if (kind != kValue && !is_absence) return std::nullopt;
  std::optional<Copy> copy(std::in_place);
  copy->is_absence = is_absence;
  copy->epoch = LoadLittle(trailer + kEpochAt);
  copy->kept_until = LoadTime(trailer + kKeptUntilAt);
  copy->ends_at = LoadTime(trailer + kEndAt);
  record.RemoveSuffix(kTrailerBytes);
  copy->value = std::move(record);
  return copy;
}

}  // namespace appcache::tiered
