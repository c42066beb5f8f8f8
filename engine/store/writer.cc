#include "engine/store/writer.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/store/statements.h"
#include "engine/support/test_point.h"

namespace appcache::store {
namespace {

// A count of meta. A damaged file may hold any number, and one more would
// overflow.
int64_t CountIn(const Run& run, int column) {
  constexpr int64_t kMost = int64_t{1} << 62;
  return std::clamp(run.Int(column), -kMost, kMost);
}

}  // namespace

Status Writer::Prepare(Connection& connection) {
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
  };
  for (const auto& [sql, statement] : statements) {
    Status status = connection.Prepare(sql, *statement);
    if (!status.ok()) return status;
  }
  Status status = rows_.Prepare(connection);
  if (status.ok()) connection_ = &connection;
  return status;
}

// --- Transactions.

std::optional<unsigned> Writer::DataVersion() const noexcept {
  // Unknown for a borrowed connection: its owner may write through it too.
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
  if (others_have_written_) space_.Forget();
  if (!others_have_written_) {
    counts_at_begin_ = rows_.counts();
    return Status();
  }
  Run run(read_meta_);
  const int rc = run.Step();
  if (rc == SQLITE_ROW) {
    counts_at_begin_ = {CountIn(run, 2), CountIn(run, 3)};
    rows_.SetCounts(counts_at_begin_);
    return Status();
  }
  if (rc == SQLITE_DONE) {
    return Status(ErrorCode::kCorrupt,
                  "cannot read " + connection_->name() +
                      ": its table meta has no row; close the cache and open "
                      "it again, which sets the file aside");
  }
  return connection_->Failure(rc, "read");
}

Status Writer::Execute(Statement& statement) {
  Run run(statement);
  const int rc = run.Step();
  return rc == SQLITE_DONE ? Status() : connection_->Failure(rc, "write to");
}

Status Writer::Begin(Statement& begin) {
  is_nested_ = sqlite3_get_autocommit(connection_->get()) == 0;
  Status status = Execute(is_nested_ ? savepoint_ : begin);
  if (!status.ok()) return status;
  status = ReadCounts();
  if (!status.ok()) Rollback();
  return status;
}

Status Writer::Commit() {
  const policy::Counts& counts = rows_.counts();
  if (counts.entries != counts_at_begin_.entries ||
      counts.bytes != counts_at_begin_.bytes) {
    Run run(write_counts_);
    run.Bind(1, counts.entries).Bind(2, counts.bytes);
    const int rc = run.Step();
    if (rc != SQLITE_DONE) return connection_->Failure(rc, "write to");
  }
  if (is_nested_) return Execute(release_);
  Status status = space_.Cover();
  if (status.ok()) status = Execute(commit_);
  if (status.ok()) version_of_counts_ = DataVersion();
  return status;
}

void Writer::Rollback() noexcept {
  version_of_counts_.reset();
  // After some errors SQLite has rolled back already.
  if (sqlite3_get_autocommit(connection_->get()) != 0) return;
  if (is_nested_) {
    Run(rollback_to_).Step();
    Run(release_).Step();
  } else {
    Run(rollback_).Step();
  }
}

Status Writer::Transaction::Begin() { return BeginWith(writer_.begin_); }

Status Writer::Transaction::BeginToRead() {
  // The transaction has read nothing yet when the counts are read, so SQLite
  // would report the data version of the previous one.
  writer_.version_of_counts_.reset();
  return BeginWith(writer_.begin_to_read_);
}

Status Writer::Transaction::BeginWith(Statement& begin) {
  assert(writer_.is_prepared() && !has_begun_);
  // Other threads may use a borrowed connection: their statements must not run
  // inside this transaction. (Our own connections have no mutex.)
  sqlite3_mutex_enter(sqlite3_db_mutex(writer_.connection_->get()));
  has_mutex_ = true;
  Status status = writer_.Begin(begin);
  has_begun_ = status.ok();
  return status;
}

Status Writer::Transaction::Apply(const WriteBatch& batch) {
  assert(has_begun_);
  WriteResult result;
  return writer_.ApplyChanges(batch, nullptr, result);
}

Status Writer::Transaction::Commit() {
  assert(has_begun_);
  Status status = writer_.Commit();
  if (!status.ok()) return status;
  has_begun_ = false;
  End();
  return status;
}

void Writer::Transaction::End() noexcept {
  if (has_begun_) writer_.Rollback();
  has_begun_ = false;
  if (has_mutex_) {
    sqlite3_mutex_leave(sqlite3_db_mutex(writer_.connection_->get()));
  }
  has_mutex_ = false;
}

// --- Batches.

Status Writer::ReturnSpaceAtCommit() {
  if (connection_->is_borrowed()) return Status();
  returns_space_at_commit_ = true;
  return connection_->Execute(sql::kReturnSpaceAtCommit, "clear");
}

void Writer::KeepSpaceAtCommit() noexcept {
  returns_space_at_commit_ =
      sqlite3_exec(connection_->get(), sql::kKeepSpaceAtCommit, nullptr,
                   nullptr, nullptr) != SQLITE_OK;
  if (version_of_counts_) version_of_counts_ = DataVersion();  // our own change
}

Status Writer::Apply(const WriteBatch& batch, WriteHooks& hooks,
                     WriteResult& result) {
  Status status = ApplyInTransaction(batch, hooks, result);
  if (returns_space_at_commit_) KeepSpaceAtCommit();
  return status;
}

Status Writer::ApplyInTransaction(const WriteBatch& batch, WriteHooks& hooks,
                                  WriteResult& result) {
  Transaction transaction(*this);
  Status status = transaction.Begin();
  if (status.ok() && others_have_written_) {
    const Result<int64_t> newest = rows_.NewestAccess();
    status = newest.ok() ? hooks.OnForeignWrites(*newest) : newest.status();
  }
  if (status.ok()) status = ApplyChanges(batch, &hooks, result);
  // An add that found an entry changes nothing.
  const bool found_entry = batch.size() == 1 && !result.added &&
                           batch[0].kind == Change::Kind::kPutIfAbsent;
  if (status.ok() && !found_entry) {
    status = hooks.Evict(rows_, result.evicted);
  }
  internal::TestPoint("writer.commit");
  if (status.ok()) status = transaction.Commit();
  result.counts = rows_.counts();
  result.may_be_undone = is_nested_;
  return status;
}

Status Writer::ApplyChanges(const WriteBatch& batch, WriteHooks* hooks,
                            WriteResult& result) {
  if (batch.clears()) {
    result.cleared = static_cast<uint64_t>(counts().entries);
    Status status = rows_.Clear();
    if (status.ok()) status = ReturnSpaceAtCommit();
    if (!status.ok()) return status;
  }
  const int64_t bytes_before = counts().bytes;
  while (result.applied < batch.size() &&
         bytes_before - counts().bytes < batch.max_removed_bytes()) {
    Status status = ApplyChange(batch[result.applied], hooks, result);
    if (!status.ok()) return status;
    ++result.applied;
  }
  for (const policy::Access& access : batch.accesses()) {
    Status status = rows_.WriteAccess(access.h, access.tick);
    if (!status.ok()) return status;
  }
  return Status();
}

Status Writer::ApplyChange(const Change& change, WriteHooks* hooks,
                           WriteResult& result) {
  const Row& row = change.row;
  switch (change.kind) {
    case Change::Kind::kPut:
      return rows_.Put(WithTick(row, hooks));
    case Change::Kind::kPutIfAbsent: {
      const auto expiry = rows_.ExpiryOf(row.h, row.key);
      if (!expiry.ok()) return expiry.status();
      const bool is_absent =
          !*expiry || (**expiry != 0 && **expiry <= change.now_ms);
      result.added = is_absent;
      return is_absent ? rows_.Put(WithTick(row, hooks)) : Status();
    }
    case Change::Kind::kSetExpiry: {
      const auto found = rows_.SetExpiry(WithTick(row, hooks), change.now_ms);
      result.found = found.ok() && *found;
      return found.status();
    }
    case Change::Kind::kRemoveKey:
      return Removed(rows_.RemoveKey(row.h, row.key), row.h, result);
    case Change::Kind::kRemovePrefix:
      return Removed(rows_.RemoveIfStartsWith(row.h, row.key), row.h, result);
    case Change::Kind::kRemoveHash:
      return rows_.Remove(row.h);
  }
  return Status();
}

Row Writer::WithTick(Row row, WriteHooks* hooks) {
  if (row.last_used == kNextTick) {
    assert(hooks != nullptr);
    row.last_used = hooks->NextTick();
  }
  return row;
}

Status Writer::Removed(const Result<bool>& removed, int64_t h,
                       WriteResult& result) {
  if (!removed.ok()) return removed.status();
  if (*removed) result.removed.push_back(h);
  return Status();
}

Result<std::optional<int64_t>> Writer::FirstExpiry() {
  const auto first = rows_.FirstToExpire();
  if (!first.ok()) return first.status();
  return *first ? std::optional((*first)->expires_at_ms) : std::nullopt;
}

}  // namespace appcache::store
