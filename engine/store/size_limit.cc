#include "engine/store/size_limit.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace appcache::store {
namespace {

// Each eviction after which a write needs a new page takes one of them, and
// removes a sixteenth of the entries. After 32 of these, SQLite has merged
// pages, and there are free ones again.
constexpr uint64_t kReservePages = 32;

// SQLite's own largest page number.
constexpr uint64_t kMaxPages = 4294967294;

}  // namespace

Status SizeLimit::Set(const Connection& connection, uint64_t max_bytes) {
  assert(max_bytes >= kMinBytes);
  const Result<int64_t> page_bytes =
      connection.QueryInt("PRAGMA page_size", "read");
  if (!page_bytes.ok()) return page_bytes.status();
  const uint64_t pages =
      std::min(max_bytes / static_cast<uint64_t>(*page_bytes), kMaxPages);
  normal_pages_ = pages > 2 * kReservePages ? pages - kReservePages : pages;
  const std::pair<Statement*, uint64_t> levels[] = {
      {&normal_, normal_pages_},
      {&reserve_, pages},
      {&unlimited_, kMaxPages},
  };
  for (const auto& [statement, limit] : levels) {
    const std::string sql = "PRAGMA max_page_count = " + std::to_string(limit);
    Status status = connection.Prepare(sql.c_str(), *statement);
    if (!status.ok()) return status;
  }
  is_set_ = true;
  Use(Level::kNormal);
  return Status();
}

bool SizeLimit::IsReachedBy(const Status& status) const noexcept {
  return is_set_ && !status.ok() &&
         (status.error().native_code & 0xff) == SQLITE_FULL;
}

bool SizeLimit::HasRoomFor(uint64_t bytes,
                           const PageCounts& pages) const noexcept {
  assert(is_set_);
  // For splits of pages, and pages that are not filled.
  constexpr uint64_t kSpare = 16;
  const auto used = static_cast<uint64_t>(pages.all - pages.free);
  const uint64_t needed =
      2 * bytes / static_cast<uint64_t>(pages.page_bytes) + kSpare;
  return used + needed <= normal_pages_;
}

Status SizeLimit::Restore() noexcept {
  if (level_ == Level::kNormal) return Status();
  Use(Level::kNormal);
  return level_ == Level::kNormal ? Status() : Status::OutOfMemory();
}

void SizeLimit::Use(Level level) noexcept {
  assert(is_set_);
  Run run(level == Level::kNormal    ? normal_
          : level == Level::kReserve ? reserve_
                                     : unlimited_);
  if (run.Step() == SQLITE_ROW) level_ = level;
}

}  // namespace appcache::store
