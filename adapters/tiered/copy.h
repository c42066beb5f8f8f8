// The format of a copy: what the local cache stores for an entry of the remote.
// It is the value, followed by a trailer of
//
//   bytes  content
//       8  the epoch in which the entry was fetched
//       8  when the copy is no longer served, in microseconds of the tier's
//          clock, signed
//       8  when the remote's entry expires, likewise; the largest number when
//          it never does
//       1  'v': a value; 'a': there was no entry, and the value is empty
//
// All numbers are little-endian. The value comes first, so that a hit is the
// stored bytes without their end, which takes no copying.

#ifndef APPCACHE_ADAPTERS_TIERED_COPY_H_
#define APPCACHE_ADAPTERS_TIERED_COPY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "appcache/times.h"

namespace appcache::tiered {

struct CopyTrailer {
  uint64_t epoch = 0;
  TimePoint served_until = TimePoint::max();
  TimePoint expires_at = TimePoint::max();  // max(): never
  bool is_absence = false;                  // there was no entry
};

inline constexpr size_t kTrailerBytes = 25;

// `value` with its trailer. REQUIRES: `value` is empty for an absence. Throws
// std::bad_alloc.
std::string EncodeCopy(std::string_view value, const CopyTrailer& trailer);

// The trailer of `record`; none when it is not a copy. The value is all but the
// last kTrailerBytes.
std::optional<CopyTrailer> DecodeTrailer(std::string_view record) noexcept;

}  // namespace appcache::tiered

#endif  // APPCACHE_ADAPTERS_TIERED_COPY_H_
