#include "engine/store/rows.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "engine/store/checksum.h"
#include "engine/store/statements.h"

namespace appcache::store {
namespace {

// The size of an entry. A damaged file may hold any number, and a sum of such
// would overflow.
int64_t BytesIn(const Run& run, int column) {
  // Of the largest blobs that SQLite stores.
  constexpr int64_t kMost = int64_t{2} << 31;
  return std::clamp<int64_t>(run.Int(column), 0, kMost);
}

}  // namespace

Status Rows::Prepare(Connection& connection) {
  connection_ = &connection;
  const std::pair<const char*, Statement*> statements[] = {
      {sql::kGetBytes, &get_bytes_},
      {sql::kPutEntry, &put_entry_},
      {sql::kPutUsage, &put_usage_},
      {sql::kWriteAccess, &write_access_},
      {sql::kDeleteEntryOfKey, &delete_entry_of_key_},
      {sql::kDeleteEntry, &delete_entry_},
      {sql::kDeleteUsage, &delete_usage_},
      {sql::kOldest, &oldest_},
      {sql::kNewest, &newest_},
      {sql::kFirstToExpire, &first_to_expire_},
      {sql::kGet, &get_},
      {sql::kGetExpiry, &get_expiry_},
      {sql::kSetExpiry, &set_expiry_},
  };
  for (const auto& [sql, statement] : statements) {
    Status status = connection.Prepare(sql, *statement);
    if (!status.ok()) return status;
  }
  return Status();
}

// Not below zero, which an open would take for damage.
void Rows::CountBytes(int64_t difference) noexcept {
  counts_.bytes = std::max<int64_t>(counts_.bytes + difference, 0);
}

Status Rows::Finish(Run& run, const char* operation) {
  const int rc = run.Step();
  return rc == SQLITE_DONE ? Status() : connection_->Failure(rc, operation);
}

Status Rows::Put(const Row& row) {
  const auto bytes = static_cast<int64_t>(row.key.size() + row.value.size());
  const auto old_bytes = BytesOf(row.h);
  if (!old_bytes.ok()) return old_bytes.status();
  if (!*old_bytes) ++counts_.entries;
  CountBytes(bytes - old_bytes->value_or(0));
  {
    Run run(put_entry_);
    run.Bind(1, row.h).Bind(2, row.expires_at_ms);
    run.BindBlob(3, row.key).BindBlob(4, row.value);
    run.Bind(5, Checksum(row.h, row.key, row.value));
    Status status = Finish(run, "write to");
    if (!status.ok()) return status;
  }
  Run run(put_usage_);
  run.Bind(1, row.h).Bind(2, row.last_used).Bind(3, bytes);
  return Finish(run, "write to");
}

Result<std::optional<int64_t>> Rows::BytesOf(int64_t h) {
  Run run(get_bytes_);
  const int rc = run.Bind(1, h).Step();
  if (rc == SQLITE_ROW) return std::optional(BytesIn(run, 0));
  if (rc == SQLITE_DONE) return std::optional<int64_t>();
  return connection_->Failure(rc, "read");
}

Status Rows::DeleteUsage(int64_t h, int64_t bytes) {
  Run run(delete_usage_);
  run.Bind(1, h);
  Status status = Finish(run, "remove from");
  if (status.ok()) status = CheckChanged();
  if (!status.ok()) return status;
  --counts_.entries;
  CountBytes(-bytes);
  return Status();
}

Result<bool> Rows::RemoveKey(int64_t h, std::string_view key) {
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

Result<std::optional<int64_t>> Rows::ExpiryOf(int64_t h, std::string_view key) {
  Run run(get_);
  const int rc = run.Bind(1, h).Step();
  if (rc == SQLITE_ROW) {
    const bool is_there =
        run.Blob(1) == key && IsIntact(run, 3, h, key, run.Blob(2));
    return is_there ? std::optional(run.Int(0)) : std::nullopt;
  }
  if (rc == SQLITE_DONE) return std::optional<int64_t>();
  return connection_->Failure(rc, "read");
}

Result<bool> Rows::SetExpiry(const Row& row, int64_t now_ms) {
  {
    Run run(get_expiry_);
    const int rc = run.Bind(1, row.h).Step();
    if (rc == SQLITE_DONE) return false;
    if (rc != SQLITE_ROW) return connection_->Failure(rc, "read");
    const int64_t expires_at_ms = run.Int(0);
    const bool has_expired = expires_at_ms != 0 && expires_at_ms <= now_ms;
    if (run.Blob(1) != row.key || has_expired) return false;
  }
  {
    Run run(set_expiry_);
    run.Bind(1, row.h).Bind(2, row.expires_at_ms);
    Status status = Finish(run, "write to");
    if (status.ok()) status = CheckChanged();
    if (!status.ok()) return status;
  }
  Status accessed = WriteAccess(row.h, row.last_used);
  if (!accessed.ok()) return accessed;
  return true;
}

Result<bool> Rows::RemoveIfStartsWith(int64_t h, std::string_view prefix) {
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

Status Rows::Remove(int64_t h) {
  const auto bytes = BytesOf(h);
  if (!bytes.ok()) return bytes.status();
  if (*bytes) return RemoveCandidate({h, 0, **bytes});
  Run run(delete_entry_);
  run.Bind(1, h);
  return Finish(run, "remove from");
}

Status Rows::RemoveCandidate(const Candidate& candidate) {
  {
    Run run(delete_entry_);
    run.Bind(1, candidate.h);
    Status status = Finish(run, "remove from");
    if (!status.ok()) return status;
  }
  return DeleteUsage(candidate.h, candidate.bytes);
}

Status Rows::RemoveExpired(const Expiring& expired) {
  const auto bytes = BytesOf(expired.h);
  if (!bytes.ok()) return bytes.status();
  {
    Run run(delete_entry_);
    run.Bind(1, expired.h);
    Status status = Finish(run, "remove from");
    if (status.ok()) status = CheckChanged();
    if (!status.ok()) return status;
  }
  return *bytes ? DeleteUsage(expired.h, **bytes) : Status();
}

Status Rows::CheckChanged() const {
  if (sqlite3_changes(connection_->get()) != 0) return Status();
  return Status(ErrorCode::kCorrupt,
                "cannot write to " + connection_->name() +
                    ": an index does not match its table; the next open "
                    "repairs it",
                SQLITE_CORRUPT_INDEX);
}

Status Rows::WriteAccessOf(const Candidate& candidate, int64_t tick) {
  Status status = WriteAccess(candidate.h, tick);
  return status.ok() ? CheckChanged() : status;
}

Status Rows::WriteAccess(int64_t h, int64_t tick) {
  Run run(write_access_);
  run.Bind(1, h).Bind(2, tick);
  return Finish(run, "write to");
}

Status Rows::Clear() {
  Status status = connection_->Execute(sql::kClear, "clear");
  if (!status.ok()) return status;
  counts_ = policy::Counts();
  return Status();
}

Result<std::optional<Rows::Candidate>> Rows::LeastRecent() {
  Run run(oldest_);
  const int rc = run.Bind(1, std::numeric_limits<int64_t>::min()).Step();
  if (rc == SQLITE_ROW) {
    return std::optional(Candidate{run.Int(0), run.Int(1), BytesIn(run, 2)});
  }
  if (rc == SQLITE_DONE) return std::optional<Candidate>();
  return connection_->Failure(rc, "read");
}

Result<std::optional<Rows::Expiring>> Rows::FirstToExpire() {
  Run run(first_to_expire_);
  const int rc = run.Step();
  if (rc == SQLITE_ROW) return std::optional(Expiring{run.Int(0), run.Int(1)});
  if (rc == SQLITE_DONE) return std::optional<Expiring>();
  return connection_->Failure(rc, "read");
}

Result<int64_t> Rows::NewestAccess() {
  Run run(newest_);
  const int rc = run.Bind(1, std::numeric_limits<int64_t>::max()).Step();
  if (rc == SQLITE_ROW) return run.Int(0);
  if (rc == SQLITE_DONE) return int64_t{0};
  return connection_->Failure(rc, "read");
}

}  // namespace appcache::store
