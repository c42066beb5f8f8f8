// Free pages: what removed entries leave in a database, and how it becomes
// smaller.

#ifndef APPCACHE_ENGINE_STORE_FREE_PAGES_H_
#define APPCACHE_ENGINE_STORE_FREE_PAGES_H_

#include <cstdint>

#include "appcache/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

struct PageCounts {
  int64_t all = 0;   // with the free ones
  int64_t free = 0;  // left by entries that were removed
  int64_t page_bytes = 0;
};
Result<PageCounts> CountPages(const Connection& connection);

// Removes up to `pages` free pages from the end of the database, and moves
// pages that are in use to the front for that, in one transaction. The memory
// returns when the log has been checkpointed. Does nothing unless the database
// was created with auto_vacuum = INCREMENTAL. REQUIRES: the writer lock is
// held.
Status RemoveFreePages(const Connection& connection, int64_t pages);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_FREE_PAGES_H_
