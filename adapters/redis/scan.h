// SCAN: reads the keys of a database in pages.

#ifndef APPCACHE_ADAPTERS_REDIS_SCAN_H_
#define APPCACHE_ADAPTERS_REDIS_SCAN_H_

#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/connection.h"
#include "adapters/redis/reply.h"
#include "appcache/bytes.h"

namespace appcache::redis {

// The glob pattern (SCAN, KEYS) that matches the keys that start with `prefix`.
std::string PrefixPattern(std::string_view prefix);

// The result of a SCAN, or where the first one begins.
struct Page {
  std::string cursor = "0";
  std::vector<Bytes> keys = {};
  bool is_first = true;

  bool is_last() const { return !is_first && cursor == "0"; }
};

// Appends the SCAN for the page after `page`. Throws std::bad_alloc.
void AppendScan(Connection& connection, const Page& page,
                std::string_view pattern);

// Converts the reply to SCAN, [cursor, [key, ...]]. False: it is something
// else.
bool ToPage(Reply& reply, Page& page);

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_SCAN_H_
