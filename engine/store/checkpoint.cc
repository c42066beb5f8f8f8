#include "engine/store/checkpoint.h"

#include <sqlite3.h>

#include <algorithm>
#include <string>

#include "engine/lane/backoff.h"

namespace appcache::store {
namespace {

// The smallest limit that is applied, so that a write can make progress. Public
// in SqliteCacheOptions::max_log_bytes.
constexpr int64_t kMinMaxPages = 2 * Checkpointer::kDefaultPages;

}  // namespace

void Checkpointer::Watch(Connection& connection, uint64_t max_log_bytes,
                         int64_t checkpoint_pages) {
  connection_ = &connection;
  checkpoint_pages_ = checkpoint_pages;
  const Result<int64_t> page_bytes =
      connection.QueryInt("PRAGMA page_size", "read");
  if (page_bytes.ok()) page_bytes_ = *page_bytes;
  max_pages_ = std::max(
      kMinMaxPages,
      static_cast<int64_t>(max_log_bytes / static_cast<uint64_t>(page_bytes_)));
  next_attempt_pages_ = checkpoint_pages_;
  sqlite3_wal_hook(connection.get(), OnCommit, this);
}

int Checkpointer::OnCommit(void* self, sqlite3*, const char*, int pages) {
  Checkpointer& checkpointer = *static_cast<Checkpointer*>(self);
  // A shorter log than before has restarted.
  if (pages < checkpointer.log_pages_) {
    checkpointer.next_attempt_pages_ = checkpointer.checkpoint_pages_;
  }
  checkpointer.log_pages_ = pages;
  return SQLITE_OK;
}

int Checkpointer::Checkpoint(int mode) noexcept {
  return sqlite3_wal_checkpoint_v2(connection_->get(), "main", mode, nullptr,
                                   nullptr);
}

void Checkpointer::AfterCommit() noexcept {
  if (connection_ == nullptr || log_pages_ < next_attempt_pages_) return;
  // At most once for so many pages, so that a reader that blocks checkpoints
  // does not cost an attempt at every commit. The next commit restarts the log
  // if no reader uses it.
  next_attempt_pages_ = log_pages_ + checkpoint_pages_;
  (void)Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

Status Checkpointer::MakeRoom() {
  if (connection_ == nullptr) return Status();
  const int64_t limit =
      max_pages_ + allowed_pages_.load(std::memory_order_relaxed);
  if (log_pages_ < limit) return Status();
  const int rc = RestartWithin(connection_->busy_timeout());
  if (rc == SQLITE_OK) return Status();
  if ((rc & 0xff) != SQLITE_BUSY) {
    return connection_->Failure(rc, "checkpoint");
  }
  return Status(
      ErrorCode::kBusy,
      "cannot write to " + connection_->name() +
          ": its log has reached max_log_bytes and cannot restart while a "
          "reader holds an old snapshot; end that read transaction",
      rc);
}

// SQLite reads the mark of a reader's slot once, and then waits until the slot
// is free. While it waits, other readers may take the slot with a new mark, for
// which a restart need not wait; if they overlap, the slot is never free. So no
// attempt waits, and each attempt reads the marks again. Once an attempt has
// found no old mark, new readers do not use the log, and the slots become free.
int Checkpointer::RestartWithin(std::chrono::milliseconds time) noexcept {
  internal::Backoff backoff(time);
  connection_->DropBusyHandler();
  int rc = SQLITE_OK;
  do {
    rc = Checkpoint(SQLITE_CHECKPOINT_RESTART);
  } while ((rc & 0xff) == SQLITE_BUSY && backoff.Wait());
  connection_->UseBusyHandler();
  return rc;
}

void Checkpointer::Restart() noexcept {
  if (connection_ == nullptr) return;
  (void)RestartWithin(std::chrono::milliseconds(0));
}

Status Checkpointer::Finish() {
  if (connection_ == nullptr) return Status();
  int rc = Checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  if (rc == SQLITE_OK) {
    // Truncates only if nobody reads. Without the busy handler, so that a Flush
    // does not wait.
    connection_->DropBusyHandler();
    (void)Checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    connection_->UseBusyHandler();
  }
  if ((rc & 0xff) == SQLITE_BUSY) rc = SQLITE_OK;
  return rc == SQLITE_OK ? Status() : connection_->Failure(rc, "checkpoint");
}

}  // namespace appcache::store
