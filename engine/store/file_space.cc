#include "engine/store/file_space.h"

#include <sqlite3.h>

#include "engine/store/sqlite_status.h"

namespace appcache::store {

Status FileSpace::Watch(const Connection& connection) {
  const Result<int64_t> page_bytes =
      connection.QueryInt("PRAGMA page_size", "read");
  if (!page_bytes.ok()) return page_bytes.status();
  Status status = connection.Prepare("PRAGMA page_count", count_pages_);
  if (!status.ok()) return status;
  int chunk = static_cast<int>(kChunkBytes);
  const int rc = sqlite3_file_control(connection.get(), "main",
                                      SQLITE_FCNTL_CHUNK_SIZE, &chunk);
  if (rc != SQLITE_OK) return Status();  // the VFS has no such feature
  page_bytes_ = *page_bytes;
  covered_bytes_ = 0;
  connection_ = &connection;
  return Status();
}

Status FileSpace::Cover() {
  if (connection_ == nullptr) return Status();
  int64_t bytes = 0;
  {
    Run run(count_pages_);
    const int rc = run.Step();
    if (rc != SQLITE_ROW) return connection_->Failure(rc, "write to");
    bytes = run.Int(0) * page_bytes_;
  }
  // The last bytes of the chunk that covers `bytes`. When there are fewer pages
  // than before, the next checkpoint may shorten the file.
  const int64_t chunks = (bytes + kChunkBytes - 1) / kChunkBytes;
  const int64_t needed = chunks * kChunkBytes;
  if (needed == covered_bytes_) return Status();
  covered_bytes_ = 0;
  const int rc = sqlite3_file_control(connection_->get(), "main",
                                      SQLITE_FCNTL_SIZE_HINT, &bytes);
  if (rc != SQLITE_OK && rc != SQLITE_NOTFOUND) {
    return SqliteStatus(SQLITE_FULL, nullptr, "write to", connection_->name());
  }
  covered_bytes_ = needed;
  return Status();
}

bool IsDiskFull(const Status& status) noexcept {
  if (!status.Is(ErrorCode::kFull)) return false;
  const int code = status.error().native_code;
  return (code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE;
}

}  // namespace appcache::store
