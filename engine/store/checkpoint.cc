#include "engine/store/checkpoint.h"

#include <sqlite3.h>

#include <algorithm>
#include <string>

namespace appcache::store {
namespace {

// 4 MB of 4 KiB pages, SQLite's own default: reads slow down with the length of
// the log, and a checkpoint costs a sync.
constexpr int64_t kCheckpointPages = 1000;

// The smallest log that a limit allows, so that a write can make progress.
constexpr int64_t kMinMaxPages = 2 * kCheckpointPages;

}  // namespace

void LogKeeper::Watch(Connection& connection, uint64_t max_log_bytes) {
  connection_ = &connection;
  const Result<int64_t> page_bytes =
      connection.QueryInt("PRAGMA page_size", "read");
  if (page_bytes.ok()) page_bytes_ = *page_bytes;
  max_pages_ = std::max(
      kMinMaxPages,
      static_cast<int64_t>(max_log_bytes / static_cast<uint64_t>(page_bytes_)));
  next_attempt_pages_ = kCheckpointPages;
  sqlite3_wal_hook(connection.get(), OnCommit, this);
}

int LogKeeper::OnCommit(void* self, sqlite3*, const char*, int pages) {
  LogKeeper& keeper = *static_cast<LogKeeper*>(self);
  // Shorter than before: it has started over.
  if (pages < keeper.log_pages_) keeper.next_attempt_pages_ = kCheckpointPages;
  keeper.log_pages_ = pages;
  return SQLITE_OK;
}

int LogKeeper::Checkpoint(int mode) noexcept {
  return sqlite3_wal_checkpoint_v2(connection_->get(), "main", mode, nullptr,
                                   nullptr);
}

void LogKeeper::AfterCommit() noexcept {
  if (connection_ == nullptr || log_pages_ < next_attempt_pages_) return;
  // Once per so many pages, so that a reader in the way does not cost every
  // commit an attempt. The next commit starts the log over if nobody reads it.
  next_attempt_pages_ = log_pages_ + kCheckpointPages;
  (void)Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

Status LogKeeper::MakeRoom() {
  if (connection_ == nullptr || log_pages_ < max_pages_) return Status();
  const int rc = Checkpoint(SQLITE_CHECKPOINT_RESTART);
  if (rc == SQLITE_OK) return Status();
  if ((rc & 0xff) != SQLITE_BUSY) {
    return connection_->Failure(rc, "checkpoint");
  }
  return Status(
      ErrorCode::kBusy,
      "cannot write to " + connection_->name() +
          ": its log has reached max_log_bytes, and cannot start over "
          "while someone reads from an old snapshot; end that read "
          "transaction",
      rc);
}

Status LogKeeper::Finish() {
  if (connection_ == nullptr) return Status();
  int rc = Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  if (rc == SQLITE_OK) {
    // Only if nobody reads: the busy handler must not make a Flush wait.
    connection_->DropBusyHandler();
    (void)Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    connection_->UseBusyHandler();
  }
  if ((rc & 0xff) == SQLITE_BUSY) rc = SQLITE_OK;
  return rc == SQLITE_OK ? Status() : connection_->Failure(rc, "checkpoint");
}

}  // namespace appcache::store
