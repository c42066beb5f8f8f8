// Copy: what the local cache holds of an entry of the remote, and how it is
// written there: the value, and behind it
//
//   bytes
//       8  the epoch in which it was fetched
//       8  from when on it is not served, in microseconds of the tier's clock,
//          signed
//       8  when the remote's entry ends, likewise; the largest number if it
//          never does
//       1  'v': a value; 'a': there was no entry
//
// all numbers little-endian. The value comes first, so that a hit can cut off
// what is behind it and give the rest away as it is.

#ifndef APPCACHE_ADAPTERS_TIERED_COPY_H_
#define APPCACHE_ADAPTERS_TIERED_COPY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/bytes.h"
#include "engine/clock.h"

namespace appcache::tiered {

struct CopyTrailer {
  uint64_t epoch = 0;
  TimePoint kept_until = TimePoint::max();
  TimePoint ends_at = TimePoint::max();
  bool is_absence = false;  // and the value is empty
};

struct Copy : CopyTrailer {
  Bytes value;
};

// How much longer than its value a record is.
inline constexpr size_t kTrailerBytes = 25;

// A record. Throws std::bad_alloc.
std::string EncodeCopy(std::string_view value, const CopyTrailer& trailer);

// The copy; none if it is no record. Copies nothing if nobody else holds
// `record`; otherwise may throw std::bad_alloc.
std::optional<Copy> DecodeCopy(Bytes record);

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_COPY_H_
