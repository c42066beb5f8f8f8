// Limits: what follows from max_bytes.
//
// The map is max_bytes, and LMDB writes to no page of it that may be read: it
// copies every page that it changes, and uses the old one again two
// transactions later. A quarter of the map is therefore kept for that.

#ifndef APPCACHE_ADAPTERS_LMDB_LIMITS_H_
#define APPCACHE_ADAPTERS_LMDB_LIMITS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "adapters/lmdb/record.h"

namespace appcache::lmdb {

struct Limits {
  // The least for which the figures below leave enough room.
  static constexpr uint64_t kMinPages = 256;
  static constexpr uint64_t kMaxKeyBytes = uint64_t{1} << 20;

  Limits(uint64_t max_bytes, uint64_t page_bytes) noexcept
      : page_bytes(page_bytes),
        pages(max_bytes / page_bytes),
        budget_pages(pages - pages / 4),
        // A set may make room twice as large as it needs, and remove an old
        // value of its key: with two such transactions pending, 6/32 of the map
        // are not to be had.
        max_record_bytes(MaxRecordBytes(max_bytes)),
        // Each entry is on a page of its own at worst, in each of two tables.
        max_entries(pages / 32) {}

  // What a record may have, its path included if that is in it.
  static uint64_t MaxRecordBytes(uint64_t max_bytes) noexcept {
    return std::min(max_bytes / 32, uint64_t{1} << 30) - kPageOverhead;
  }
  static uint64_t MaxValueBytes(uint64_t max_bytes) noexcept {
    return MaxRecordBytes(max_bytes) - kMaxRecordOverhead;
  }
  static uint64_t MaxPathBytes(uint64_t max_bytes) noexcept {
    return std::min(MaxValueBytes(max_bytes) / 2, kMaxKeyBytes);
  }

  // How many pages a record of that size takes, at most, with its index.
  uint64_t PagesFor(uint64_t record_bytes) const noexcept {
    constexpr uint64_t kOfIndex = 2;
    return kOfIndex + (record_bytes + kPageOverhead - 1) / page_bytes + 1;
  }

  uint64_t page_bytes;
  uint64_t pages;
  // How many may be in use before a transaction that adds to them.
  uint64_t budget_pages;
  uint64_t max_record_bytes;
  // How many entries a transaction removes or writes.
  uint64_t max_entries;

 private:
  // LMDB's header of a page.
  static constexpr uint64_t kPageOverhead = 16;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_LIMITS_H_
