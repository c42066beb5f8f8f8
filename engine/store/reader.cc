#include "engine/store/reader.h"

#include <sqlite3.h>

#include <cerrno>
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

Status Walk::Prepare(const Connection& connection, With with,
                     std::string_view prefix) {
  connection_ = &connection;
  with_ = with;
  prefix_ = prefix;
  if (with == With::kKeys) {
    return connection.Prepare(sql::kKeysFrom, statement_);
  }
  return PrepareForAnyBuild(
      connection,
      with == With::kValues ? sql::kEntriesFrom : sql::kEntriesByAccess,
      statement_);
}

Result<std::vector<WalkedRow>> Walk::Next() {
  constexpr int64_t kRowsPerStep = 256;
  // A step ends early when it has copied this many bytes.
  constexpr size_t kBytesPerStep = size_t{1} << 20;

  std::vector<WalkedRow> rows;
  Position& at = position_;
  Run run(statement_);
  if (with_ == With::kValuesByAccess) {
    run.Bind(1, at.last_used).Bind(2, at.last_h).Bind(3, kRowsPerStep);
  } else {
    run.Bind(1, at.next_h).Bind(2, kRowsPerStep);
  }
  bool has_rows = false;
  size_t copied = 0;
  int rc = SQLITE_DONE;
  while (copied < kBytesPerStep && (rc = run.Step()) == SQLITE_ROW) {
    has_rows = true;
    at.last_h = run.Int(0);
    at.last_used = run.Int(3);
    const std::string_view key = run.Blob(2);
    if (!key.starts_with(prefix_)) continue;
    WalkedRow row{at.last_h,    run.Int(1), std::string(key),
                  at.last_used, run.Int(4), Bytes()};
    if (with_ != With::kKeys) {
      const std::string_view value = run.Blob(5);
      if (!IsIntact(run, 6, row.h, row.key, value)) {
        ++at.damaged;
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
  at.has_ended = !has_rows;
  if (at.has_ended || with_ == With::kValuesByAccess) return rows;
  at.has_ended = at.last_h == std::numeric_limits<int64_t>::max();
  if (!at.has_ended) at.next_h = at.last_h + 1;
  return rows;
}

Status Walk::damage() const {
  if (position_.damaged == 0) return Status();
  return Status(ErrorCode::kCorrupt,
                "left out " + std::to_string(position_.damaged) +
                    " entries of " + connection_->name() +
                    " whose checksums are wrong; CheckAndFix removes them",
                EBADMSG);
}

}  // namespace appcache::store
