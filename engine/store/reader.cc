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

template <class V, class Make>
Lookup<V> Reader::FindRow(Statement& statement, int64_t h, std::string_view key,
                          const Make& make) {
  Run run(statement);
  const int rc = run.Bind(1, h).Step();
  if (rc == SQLITE_DONE) return Lookup<V>::Miss();
  if (rc != SQLITE_ROW) {
    return Lookup<V>::Failed(connection_->Failure(rc, "read"));
  }
  if (run.Blob(1) != key) return Lookup<V>::Miss();  // a collision
  return Lookup<V>::Hit(make(run));
}

Lookup<FoundValue> Reader::Find(int64_t h, std::string_view key) {
  return FindRow<FoundValue>(get_, h, key, [](const Run& run) {
    return FoundValue{Bytes::Copy(run.Blob(2)), run.Int(0)};
  });
}

Lookup<size_t> Reader::Visit(
    int64_t h, std::string_view key,
    FunctionRef<void(std::string_view, int64_t)> visit) {
  return FindRow<size_t>(get_, h, key, [&](const Run& run) {
    const std::string_view value = run.Blob(2);
    visit(value, run.Int(0));
    return value.size();
  });
}

Lookup<int64_t> Reader::FindExpiry(int64_t h, std::string_view key) {
  return FindRow<int64_t>(get_expiry_, h, key,
                          [](const Run& run) { return run.Int(0); });
}

Result<policy::Counts> Reader::ReadCounts() {
  Run run(read_meta_);
  const int rc = run.Step();
  if (rc != SQLITE_ROW) return connection_->Failure(rc, "read");
  return policy::Counts{run.Int(2), run.Int(3)};
}

Status Walk::Prepare(const Connection& connection, With with) {
  connection_ = &connection;
  with_ = with;
  const char* const text = with == With::kKeys     ? sql::kKeysFrom
                           : with == With::kValues ? sql::kEntriesFrom
                                                   : sql::kEntriesByAccess;
  return connection.Prepare(text, statement_);
}

Result<std::vector<WalkedRow>> Walk::Next() {
  constexpr int64_t kRowsPerStep = 256;
  // A step ends early when it has copied this many bytes.
  constexpr size_t kBytesPerStep = size_t{1} << 20;

  std::vector<WalkedRow> rows;
  if (ended_) return rows;
  size_t copied = 0;
  Run run(statement_);
  if (with_ == With::kValuesByAccess) {
    run.Bind(1, last_used_).Bind(2, last_h_).Bind(3, kRowsPerStep);
  } else {
    run.Bind(1, next_h_).Bind(2, kRowsPerStep);
  }
  int rc = SQLITE_DONE;
  while (copied < kBytesPerStep && (rc = run.Step()) == SQLITE_ROW) {
    WalkedRow row{run.Int(0), run.Int(1), std::string(run.Blob(2)),
                  run.Int(3), run.Int(4), Bytes()};
    if (with_ != With::kKeys) row.value = Bytes::Copy(run.Blob(5));
    copied += row.key.size() + row.value.size();
    rows.push_back(std::move(row));
  }
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
    return connection_->Failure(rc, "read");
  }
  ended_ = rows.empty();
  if (ended_) return rows;
  last_used_ = rows.back().last_used;
  last_h_ = rows.back().h;
  if (with_ == With::kValuesByAccess) return rows;
  ended_ = last_h_ == std::numeric_limits<int64_t>::max();
  if (!ended_) next_h_ = last_h_ + 1;
  return rows;
}

}  // namespace appcache::store
