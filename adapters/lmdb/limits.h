// Limits: the limits that follow from max_bytes.
//
// The map has max_bytes. LMDB never writes to a page that a reader may be
// using: it copies each page that it changes, and reuses the old page two
// transactions later. A quarter of the map is reserved for that.

#ifndef APPCACHE_ADAPTERS_LMDB_LIMITS_H_
#define APPCACHE_ADAPTERS_LMDB_LIMITS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "adapters/lmdb/record.h"

namespace appcache::lmdb {

struct Limits {
  // With fewer pages, the figures below do not leave enough room.
  static constexpr uint64_t kMinPages = 256;
  static constexpr uint64_t kMaxKeyBytes = uint64_t{1} << 20;

  Limits(uint64_t max_bytes, uint64_t page_bytes) noexcept
      : page_bytes(page_bytes),
        pages(max_bytes / page_bytes),
        budget_pages(pages - pages / 4),
        // A set may make twice as much room as it needs, and remove an old
        // value of its key. While two such transactions are pending, 6/32 of
        // the map cannot be used.
        max_record_bytes(std::min(max_bytes / 32, uint64_t{1} << 30) -
                         kPageOverhead),
        max_value_bytes(max_record_bytes - kMaxRecordOverhead),
        max_path_bytes(std::min(max_value_bytes / 2, kMaxKeyBytes)),
        // At worst, each entry is on a page of its own in each of two tables.
        max_entries(pages / 32) {}

  // The most pages that a record of this size takes, with its index.
  uint64_t PagesFor(uint64_t record_bytes) const noexcept {
    constexpr uint64_t kIndexPages = 2;
    return kIndexPages + (record_bytes + kPageOverhead - 1) / page_bytes + 1;
  }

  uint64_t page_bytes;
  uint64_t pages;  // of the map
  // The most pages that may be in use after a transaction that adds entries.
  uint64_t budget_pages;
  // Of a record, including its path if it holds that.
  uint64_t max_record_bytes;
  uint64_t max_value_bytes;
  uint64_t max_path_bytes;
  // The most entries that one transaction removes or writes.
  uint64_t max_entries;

 private:
  // LMDB's header of a page.
  static constexpr uint64_t kPageOverhead = 16;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_LIMITS_H_
