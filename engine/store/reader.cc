#include "engine/store/reader.h"

#include <sqlite3.h>

#include <limits>

#include "engine/store/statements.h"

namespace appcache::store {

Status Reader::Prepare(const Connection& connection) {
  connection_ = &connection;
  Status status = connection.Prepare(sql::kGet, get_);
  if (status.ok()) status = connection.Prepare(sql::kGetExpiry, get_expiry_);
  if (status.ok()) status = connection.Prepare(sql::kReadMeta, read_meta_);
  return status;
}

Lookup<FoundValue> Reader::Find(int64_t h, std::string_view key) {
  Run run(get_);
  const int rc = run.Bind(1, h).Step();
  if (rc == SQLITE_DONE) return Lookup<FoundValue>::Miss();
  if (rc != SQLITE_ROW) {
    return Lookup<FoundValue>::Failed(connection_->Failure(rc, "read"));
  }
  if (run.Blob(1) != key) return Lookup<FoundValue>::Miss();  // a collision
  return Lookup<FoundValue>::Hit({Bytes::Copy(run.Blob(2)), run.Int(0)});
}

Lookup<int64_t> Reader::FindExpiry(int64_t h, std::string_view key) {
  Run run(get_expiry_);
  const int rc = run.Bind(1, h).Step();
  if (rc == SQLITE_DONE) return Lookup<int64_t>::Miss();
  if (rc != SQLITE_ROW) {
    return Lookup<int64_t>::Failed(connection_->Failure(rc, "read"));
  }
  if (run.Blob(1) != key) return Lookup<int64_t>::Miss();
  return Lookup<int64_t>::Hit(run.Int(0));
}

Result<Counts> Reader::ReadCounts() {
  Run run(read_meta_);
  const int rc = run.Step();
  if (rc != SQLITE_ROW) return connection_->Failure(rc, "read");
  return Counts{run.Int(2), run.Int(3)};
}

Status Walk::Prepare(const Connection& connection, With with) {
  connection_ = &connection;
  with_values_ = with == With::kValues;
  return connection.Prepare(with_values_ ? sql::kEntriesFrom : sql::kKeysFrom,
                            statement_);
}

Result<std::vector<WalkedRow>> Walk::Next() {
  constexpr int64_t kRowsPerStep = 256;
  // A step ends early when it has copied this much.
  constexpr size_t kBytesPerStep = size_t{1} << 20;

  std::vector<WalkedRow> rows;
  if (ended_) return rows;
  size_t copied = 0;
  Run run(statement_);
  run.Bind(1, next_h_).Bind(2, kRowsPerStep);
  int rc = SQLITE_DONE;
  while (copied < kBytesPerStep && (rc = run.Step()) == SQLITE_ROW) {
    WalkedRow row{run.Int(0), run.Int(1), std::string(run.Blob(2)),
                  run.Int(3), run.Int(4), Bytes()};
    if (with_values_) row.value = Bytes::Copy(run.Blob(5));
    copied += row.key.size() + row.value.size();
    rows.push_back(std::move(row));
  }
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
    return connection_->Failure(rc, "read");
  }
  ended_ = rows.empty() || rows.back().h == std::numeric_limits<int64_t>::max();
  if (!ended_) next_h_ = rows.back().h + 1;
  return rows;
}

}  // namespace appcache::store
