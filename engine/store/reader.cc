#include "engine/store/reader.h"

#include <sqlite3.h>

#include <limits>
#include <string>
#include <utility>

#include "engine/store/checksum.h"
#include "engine/store/schema.h"
#include "engine/store/statements.h"

namespace appcache::store {
namespace {

Status WrongChecksum(const Connection& connection) {
  return Status(ErrorCode::kCorrupt,
                "cannot read an entry of " + connection.name() +
                    ": its checksum is wrong; set or invalidate its key, or "
                    "call CheckAndFix");
}

}  // namespace

Status Reader::Prepare(const Connection& connection) {
  Status status = connection.Prepare(sql::kGet, get_);
  return status.ok() ? PrepareOthers(connection) : status;
}

Status Reader::PrepareForAnyBuild(const Connection& connection) {
  Status status = store::PrepareForAnyBuild(connection, sql::kGet, get_);
  return status.ok() ? PrepareOthers(connection) : status;
}

Status Reader::PrepareOthers(const Connection& connection) {
  connection_ = &connection;
  Status status = connection.Prepare(sql::kGetExpiry, get_expiry_);
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
  return make(run);
}

template <class V, class Make>
Lookup<V> Reader::FindIntact(int64_t h, std::string_view key,
                             const Make& make) {
  return FindRow<V>(get_, h, key, [&](const Run& run) {
    const std::string_view value = run.Blob(2);
    if (!IsIntact(run, 3, h, key, value)) {
      return Lookup<V>::Failed(WrongChecksum(*connection_));
    }
    return Lookup<V>::Hit(make(value, run.Int(0)));
  });
}

Lookup<FoundValue> Reader::Find(int64_t h, std::string_view key) {
  return FindIntact<FoundValue>(
      h, key, [](std::string_view value, int64_t expires_at_ms) {
        return FoundValue{Bytes::Copy(value), expires_at_ms};
      });
}

Lookup<size_t> Reader::Visit(
    int64_t h, std::string_view key,
    FunctionRef<void(std::string_view, int64_t)> visit) {
  return FindIntact<size_t>(h, key,
                            [&](std::string_view value, int64_t expires_at_ms) {
                              visit(value, expires_at_ms);
                              return value.size();
                            });
}

Lookup<int64_t> Reader::FindExpiry(int64_t h, std::string_view key) {
  return FindRow<int64_t>(get_expiry_, h, key, [](const Run& run) {
    return Lookup<int64_t>::Hit(run.Int(0));
  });
}

Result<policy::Counts> Reader::ReadCounts() {
  Run run(read_meta_);
  const int rc = run.Step();
  if (rc != SQLITE_ROW) return connection_->Failure(rc, "read");
  return policy::Counts{run.Int(2), run.Int(3)};
}

Status Walk::Prepare(const Connection& connection, With with, int64_t first_h) {
  connection_ = &connection;
  with_ = with;
  next_h_ = first_h;
  if (with == With::kKeys) {
    return connection.Prepare(sql::kKeysFrom, statement_);
  }
  return PrepareForAnyBuild(
      connection,
      with == With::kValues ? sql::kEntriesFrom : sql::kEntriesByAccess,
      statement_);
}

Result<std::vector<WalkedRow>> Walk::Next() {
  std::vector<WalkedRow> rows;
  while (rows.empty() && !ended_) {
    Status status = ReadStep(rows);
    if (!status.ok()) return status;
  }
  return rows;
}

Status Walk::ReadStep(std::vector<WalkedRow>& rows) {
  constexpr int64_t kRowsPerStep = 256;
  // A step ends early when it has copied this many bytes.
  constexpr size_t kBytesPerStep = size_t{1} << 20;

  Run run(statement_);
  if (with_ == With::kValuesByAccess) {
    run.Bind(1, last_used_).Bind(2, last_h_).Bind(3, kRowsPerStep);
  } else {
    run.Bind(1, next_h_).Bind(2, kRowsPerStep);
  }
  bool has_rows = false;
  size_t copied = 0;
  int rc = SQLITE_DONE;
  while (copied < kBytesPerStep && (rc = run.Step()) == SQLITE_ROW) {
    has_rows = true;
    last_h_ = run.Int(0);
    last_used_ = run.Int(3);
    WalkedRow row{last_h_,    run.Int(1), std::string(run.Blob(2)),
                  last_used_, run.Int(4), Bytes()};
    if (with_ != With::kKeys) {
      const std::string_view value = run.Blob(5);
      if (!IsIntact(run, 6, row.h, row.key, value)) {
        ++damaged_;
        continue;
      }
      row.value = Bytes::Copy(value);
    }
    copied += row.key.size() + row.value.size();
    rows.push_back(std::move(row));
  }
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
    return connection_->Failure(rc, "read");
  }
  ended_ = !has_rows;
  if (ended_ || with_ == With::kValuesByAccess) return Status();
  ended_ = last_h_ == std::numeric_limits<int64_t>::max();
  if (!ended_) next_h_ = last_h_ + 1;
  return Status();
}

Status Walk::damage() const {
  if (damaged_ == 0) return Status();
  return Status(ErrorCode::kCorrupt,
                "left out " + std::to_string(damaged_) + " entries of " +
                    connection_->name() +
                    " whose checksums are wrong; CheckAndFix removes them");
}

}  // namespace appcache::store
