#include "engine/store/free_pages.h"

#include <cassert>
#include <string>

namespace appcache::store {

Result<PageCounts> CountPages(const Connection& connection) {
  const Result<int64_t> all = connection.QueryInt("PRAGMA page_count", "read");
  if (!all.ok()) return all.status();
  const Result<int64_t> free =
      connection.QueryInt("PRAGMA freelist_count", "read");
  if (!free.ok()) return free.status();
  const Result<int64_t> page_bytes =
      connection.QueryInt("PRAGMA page_size", "read");
  if (!page_bytes.ok()) return page_bytes.status();
  return PageCounts{*all, *free, *page_bytes};
}

Status RemoveFreePages(const Connection& connection, int64_t pages) {
  assert(pages > 0);
  const std::string sql =
      "PRAGMA incremental_vacuum(" + std::to_string(pages) + ")";
  return connection.Execute(sql.c_str(), "shrink");
}

}  // namespace appcache::store
