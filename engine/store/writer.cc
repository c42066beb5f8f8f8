#include "engine/store/writer.h"

#include <sqlite3.h>

#include <utility>

#include "engine/store/statements.h"

namespace appcache::store {

Status Writer::Prepare(Connection& connection) {
  connection_ = &connection;
  const std::pair<const char*, Statement*> statements[] = {
      {"BEGIN IMMEDIATE", &begin_},
      {"BEGIN", &begin_to_read_},
      {"COMMIT", &commit_},
      {"ROLLBACK", &rollback_},
      {"SAVEPOINT appcache", &savepoint_},
      {"RELEASE appcache", &release_},
      {"ROLLBACK TO appcache", &rollback_to_},
      {sql::kReadMeta, &read_meta_},
      {sql::kWriteCounts, &write_counts_},
      {sql::kGetBytes, &get_bytes_},
      {sql::kPutEntry, &put_entry_},
      {sql::kPutUsage, &put_usage_},
      {sql::kTouch, &touch_},
      {sql::kDeleteEntryOfKey, &delete_entry_of_key_},
      {sql::kDeleteEntry, &delete_entry_},
      {sql::kDeleteUsage, &delete_usage_},
      {sql::kOldest, &oldest_},
      {sql::kNewest, &newest_},
      {sql::kFirstToExpire, &first_to_expire_},
      {sql::kGetExpiry, &get_expiry_},
  };
  for (const auto& [sql, statement] : statements) {
    Status status = connection.Prepare(sql, *statement);
    if (!status.ok()) return status;
  }
  return Status();
}

Status Writer::Finish(Run& run, const char* operation) {
  const int rc = run.Step();
  return rc == SQLITE_DONE ? Status() : connection_->Failure(rc, operation);
}

std::optional<unsigned> Writer::DataVersion() const noexcept {
  // Not for a borrowed connection: its owner may write through it too.
  if (connection_->is_borrowed()) return std::nullopt;
  unsigned version = 0;
  const int rc = sqlite3_file_control(connection_->get(), "main",
                                      SQLITE_FCNTL_DATA_VERSION, &version);
  if (rc != SQLITE_OK) return std::nullopt;
  return version;
}

Status Writer::ReadCounts() {
  others_have_written_ =
      !version_of_counts_ || version_of_counts_ != DataVersion();
  if (!others_have_written_) {
    counts_at_begin_ = counts_;
    return Status();
  }
  Run run(read_meta_);
  const int rc = run.Step();
  if (rc == SQLITE_ROW) {
    counts_ = {run.Int(2), run.Int(3)};
    counts_at_begin_ = counts_;
    return Status();
  }
  if (rc == SQLITE_DONE) {
    return Status(ErrorCode::kCorrupt,
                  "cannot read " + connection_->name() +
                      ": its table meta has no row; open it again to have it "
                      "set aside");
  }
  return connection_->Failure(rc, "read");
}

Status Writer::Execute(Statement& statement) {
  Run run(statement);
  return Finish(run, "write to");
}

Status Writer::Begin(Statement& begin) {
  nested_ = sqlite3_get_autocommit(connection_->get()) == 0;
  Status status = Execute(nested_ ? savepoint_ : begin);
  if (!status.ok()) return status;
  status = ReadCounts();
  if (!status.ok()) Rollback();
  return status;
}

Status Writer::Commit() {
  if (counts_.entries != counts_at_begin_.entries ||
      counts_.bytes != counts_at_begin_.bytes) {
    Run run(write_counts_);
    run.Bind(1, counts_.entries).Bind(2, counts_.bytes);
    Status status = Finish(run, "write to");
    if (!status.ok()) return status;
  }
  if (nested_) return Execute(release_);
  Status status = Execute(commit_);
  if (status.ok()) version_of_counts_ = DataVersion();
  return status;
}

void Writer::Rollback() noexcept {
  version_of_counts_.reset();
  // After some errors SQLite has rolled back already.
  if (sqlite3_get_autocommit(connection_->get()) != 0) return;
  if (nested_) {
    Run(rollback_to_).Step();
    Run(release_).Step();
  } else {
    Run(rollback_).Step();
  }
}

Status Writer::Transaction::Begin() { return BeginWith(writer_.begin_); }

Status Writer::Transaction::BeginToRead() {
  // It has read nothing yet when the counts are: SQLite's data version is that
  // of before.
  writer_.version_of_counts_.reset();
  return BeginWith(writer_.begin_to_read_);
}

Status Writer::Transaction::BeginWith(Statement& begin) {
  // A borrowed connection may have one, and other users: they must not find
  // themselves inside this transaction. (Null, and free, for our own.)
  sqlite3_mutex_enter(sqlite3_db_mutex(writer_.connection_->get()));
  entered_ = true;
  Status status = writer_.Begin(begin);
  begun_ = status.ok();
  return status;
}

Status Writer::Transaction::Commit() {
  Status status = writer_.Commit();
  if (!status.ok()) return status;
  begun_ = false;
  End();
  return status;
}

void Writer::Transaction::End() noexcept {
  if (begun_) writer_.Rollback();
  begun_ = false;
  if (entered_) {
    sqlite3_mutex_leave(sqlite3_db_mutex(writer_.connection_->get()));
  }
  entered_ = false;
}

Status Writer::Put(const Row& row) {
  const int64_t bytes = static_cast<int64_t>(row.key.size() + row.value.size());
  const auto old_bytes = BytesOf(row.h);
  if (!old_bytes.ok()) return old_bytes.status();
  if (!*old_bytes) ++counts_.entries;
  counts_.bytes += bytes - old_bytes->value_or(0);
  {
    Run run(put_entry_);
    run.Bind(1, row.h).Bind(2, row.expires_at_ms);
    run.BindBlob(3, row.key).BindBlob(4, row.value);
    Status status = Finish(run, "write to");
    if (!status.ok()) return status;
  }
  Run run(put_usage_);
  run.Bind(1, row.h).Bind(2, row.last_used).Bind(3, bytes);
  return Finish(run, "write to");
}

Result<std::optional<int64_t>> Writer::BytesOf(int64_t h) {
  Run run(get_bytes_);
  const int rc = run.Bind(1, h).Step();
  if (rc == SQLITE_ROW) return std::optional(run.Int(0));
  if (rc == SQLITE_DONE) return std::optional<int64_t>();
  return connection_->Failure(rc, "read");
}

Status Writer::DeleteUsage(int64_t h, int64_t bytes) {
  Run run(delete_usage_);
  run.Bind(1, h);
  Status status = Finish(run, "remove from");
  if (!status.ok()) return status;
  --counts_.entries;
  counts_.bytes -= bytes;
  return Status();
}

Result<bool> Writer::RemoveKey(int64_t h, std::string_view key) {
  {
    Run run(delete_entry_of_key_);
    run.Bind(1, h).BindBlob(2, key);
    Status status = Finish(run, "remove from");
    if (!status.ok()) return status;
  }
  if (sqlite3_changes(connection_->get()) == 0) return false;
  const auto bytes = BytesOf(h);
  if (!bytes.ok()) return bytes.status();
  if (*bytes) {
    Status status = DeleteUsage(h, **bytes);
    if (!status.ok()) return status;
  }
  return true;
}

Result<std::optional<int64_t>> Writer::ExpiryOf(int64_t h,
                                                std::string_view key) {
  Run run(get_expiry_);
  const int rc = run.Bind(1, h).Step();
  if (rc == SQLITE_ROW) {
    return run.Blob(1) == key ? std::optional(run.Int(0)) : std::nullopt;
  }
  if (rc == SQLITE_DONE) return std::optional<int64_t>();
  return connection_->Failure(rc, "read");
}

Result<bool> Writer::RemoveIfBegins(int64_t h, std::string_view prefix) {
  {
    Run run(get_expiry_);
    const int rc = run.Bind(1, h).Step();
    if (rc == SQLITE_DONE) return false;
    if (rc != SQLITE_ROW) return connection_->Failure(rc, "read");
    if (!run.Blob(1).starts_with(prefix)) return false;
  }
  Status removed = Remove(h);
  if (!removed.ok()) return removed;
  return true;
}

Status Writer::Remove(int64_t h) {
  const auto bytes = BytesOf(h);
  if (!bytes.ok()) return bytes.status();
  if (*bytes) return Remove(Use{h, 0, **bytes});
  Run run(delete_entry_);
  run.Bind(1, h);
  return Finish(run, "remove from");
}

Status Writer::Remove(const Use& use) {
  {
    Run run(delete_entry_);
    run.Bind(1, use.h);
    Status status = Finish(run, "remove from");
    if (!status.ok()) return status;
  }
  return DeleteUsage(use.h, use.bytes);
}

Status Writer::Touch(int64_t h, int64_t last_used) {
  Run run(touch_);
  run.Bind(1, h).Bind(2, last_used);
  return Finish(run, "write to");
}

Status Writer::Clear() {
  Status status = connection_->Execute(sql::kClear, "clear");
  if (!status.ok()) return status;
  counts_ = Counts();
  // Gives a file's space back; a caller's own database is the caller's.
  if (connection_->is_borrowed()) return Status();
  return connection_->Execute(sql::kReturnSpace, "clear");
}

Result<std::optional<Writer::Use>> Writer::Oldest() {
  Run run(oldest_);
  const int rc = run.Bind(1, std::numeric_limits<int64_t>::min()).Step();
  if (rc == SQLITE_ROW)
    return std::optional(Use{run.Int(0), run.Int(1), run.Int(2)});
  if (rc == SQLITE_DONE) return std::optional<Use>();
  return connection_->Failure(rc, "read");
}

Result<std::optional<Writer::Expiry>> Writer::FirstToExpire() {
  Run run(first_to_expire_);
  const int rc = run.Step();
  if (rc == SQLITE_ROW) return std::optional(Expiry{run.Int(0), run.Int(1)});
  if (rc == SQLITE_DONE) return std::optional<Expiry>();
  return connection_->Failure(rc, "read");
}

Result<int64_t> Writer::NewestUse() {
  Run run(newest_);
  const int rc = run.Bind(1, std::numeric_limits<int64_t>::max()).Step();
  if (rc == SQLITE_ROW) return run.Int(0);
  if (rc == SQLITE_DONE) return int64_t{0};
  return connection_->Failure(rc, "read");
}

}  // namespace appcache::store
