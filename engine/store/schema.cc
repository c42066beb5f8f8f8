#include "engine/store/schema.h"

#include <sqlite3.h>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "engine/store/statements.h"

namespace appcache::store {
namespace {

constexpr char kInspect[] = "inspect";
constexpr char kCreate[] = "create the tables of";
constexpr char kAddChecksums[] = "add the column for checksums to";

// Whether a failure is about the contents of the database, not about access to
// it.
bool IsDamage(const Status& status) {
  return status.Is(ErrorCode::kCorrupt) || status.Is(ErrorCode::kInternal);
}

// What ANALYZE adds, which some tools for SQLite run.
constexpr std::string_view kStatistics[] = {
    "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
};

bool IsStatistics(const Statement& row) noexcept {
  return row.Blob(0) == "table" &&
         std::find(std::begin(kStatistics), std::end(kStatistics),
                   row.Blob(3)) != std::end(kStatistics);
}

// Whether a row of sqlite_schema defines this object.
bool Defines(const Statement& row, const sql::SchemaObject& object) noexcept {
  return row.Blob(0) == object.type && row.Blob(1) == object.name &&
         row.Blob(2) == object.table && row.Blob(3) == object.sql;
}

// Which object of ours a row of sqlite_schema defines; none if it is foreign.
std::optional<size_t> FindObject(const Statement& row) noexcept {
  for (size_t i = 0; i < std::size(sql::kSchema); ++i) {
    if (Defines(row, sql::kSchema[i])) return i;
  }
  if (Defines(row, sql::kOlderEntries)) return sql::kEntries;
  return std::nullopt;
}

// Compares the schema with ours. Reading it runs nothing that it defines.
Result<Contents> CompareSchema(const Connection& connection,
                               const char* read_schema) {
  Statement read;
  if (Status status = connection.Prepare(read_schema, read); !status.ok()) {
    if (IsDamage(status)) return Contents::kDamaged;
    return status;
  }
  bool found[std::size(sql::kSchema)] = {};
  int rc = SQLITE_DONE;
  while ((rc = read.Step()) == SQLITE_ROW) {
    const std::optional<size_t> object = FindObject(read);
    if (object && !found[*object]) {
      found[*object] = true;
    } else if (!IsStatistics(read)) {
      return Contents::kForeign;
    }
  }
  if (rc != SQLITE_DONE) {
    Status status = connection.Failure(rc, kInspect);
    if (IsDamage(status)) return Contents::kDamaged;
    return status;
  }
  const auto lacks = [&](size_t from, size_t to) {
    return std::find(found + from, found + to, false) != found + to;
  };
  if (lacks(0, sql::kTables)) return Contents::kDamaged;
  return lacks(sql::kTables, std::size(found)) ? Contents::kLacksIndex
                                               : Contents::kCache;
}

// Whether meta has a row that a cache may have. REQUIRES: its table is ours.
Result<Contents> InspectMeta(const Connection& connection) {
  Statement read;
  if (Status status = connection.Prepare(sql::kReadMeta, read); !status.ok()) {
    return status;
  }
  const int rc = read.Step();
  if (rc == SQLITE_DONE) return Contents::kDamaged;
  if (rc != SQLITE_ROW) {
    Status status = connection.Failure(rc, kInspect);
    if (IsDamage(status)) return Contents::kDamaged;
    return status;
  }
  if (read.Int(0) > kSchemaVersion) return Contents::kNewer;
  const bool sound =
      read.Int(0) == kSchemaVersion && read.Int(2) >= 0 && read.Int(3) >= 0;
  return sound ? Contents::kCache : Contents::kDamaged;
}

Result<Contents> InspectTables(const Connection& connection,
                               const char* read_schema) {
  const Result<Contents> schema = CompareSchema(connection, read_schema);
  if (!schema.ok()) return schema;
  if (*schema != Contents::kCache && *schema != Contents::kLacksIndex) {
    return schema;
  }
  const Result<Contents> meta = InspectMeta(connection);
  return meta.ok() && *meta == Contents::kCache ? schema : meta;
}

int64_t RandomSeed() {
  std::random_device device;
  const uint64_t high = device();
  return static_cast<int64_t>(high << 32 ^ device());
}

Status CreateTables(const Connection& connection,
                    std::optional<int64_t> hash_seed) {
  for (const sql::SchemaObject& object : sql::kSchema) {
    Status made = connection.Execute(object.sql, kCreate);
    if (!made.ok()) return made;
  }
  Statement insert;
  if (Status status = connection.Prepare(sql::kCreateMeta, insert);
      !status.ok()) {
    return status;
  }
  insert.Bind(1, kSchemaVersion);
  insert.Bind(2, hash_seed.value_or(RandomSeed()));
  const int rc = insert.Step();
  return rc == SQLITE_DONE ? Status() : connection.Failure(rc, kCreate);
}

// Runs a statement at the end of its scope, if it is armed.
class Undo {
 public:
  // Prepares the statement now: later there may be no memory.
  Undo(const Connection& connection, const char* sql)
      : connection_(connection), prepared_(connection.Prepare(sql, undo_)) {}
  ~Undo() {
    if (armed_ && sqlite3_get_autocommit(connection_.get()) == 0) undo_.Step();
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  const Status& prepared() const { return prepared_; }
  void Arm() { armed_ = true; }
  void Disarm() { armed_ = false; }

 private:
  const Connection& connection_;
  Statement undo_;
  const Status prepared_;
  bool armed_ = false;
};

struct Brackets {
  const char* begin;
  const char* end;
  const char* undo;
};
constexpr Brackets kTransaction = {"BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"};
// Within the caller's transaction. After an undo, an empty savepoint remains.
constexpr Brackets kSavepoint = {"SAVEPOINT appcache", "RELEASE appcache",
                                 "ROLLBACK TO appcache"};

// Runs `make` in a transaction, or in a savepoint if there is one already;
// undoes it when it fails.
template <class Make>
Status InTransaction(const Connection& connection, const char* operation,
                     const Make& make) {
  const Brackets& brackets =
      sqlite3_get_autocommit(connection.get()) != 0 ? kTransaction : kSavepoint;
  Undo undo_unless_done(connection, brackets.undo);
  Status status = undo_unless_done.prepared();
  if (status.ok()) status = connection.Execute(brackets.begin, operation);
  if (!status.ok()) return status;
  undo_unless_done.Arm();
  status = make();
  if (status.ok()) status = connection.Execute(brackets.end, operation);
  if (status.ok()) undo_unless_done.Disarm();
  return status;
}

// What the header says of a file that SQLite does not read, for example because
// it was truncated.
Contents InspectHeader(const Connection& connection) noexcept {
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr size_t kVersionAt = 60;
  constexpr size_t kIdAt = 68;
  char header[kIdAt + 4] = {};
  if (!connection.ReadHeader(0, header, sizeof(header)) ||
      std::string_view(header, kMagic.size()) != kMagic) {
    return Contents::kUnreadable;
  }
  const auto number_at = [&](size_t at) {
    uint32_t number = 0;
    for (size_t i = at; i < at + 4; ++i) {
      number = number << 8 | static_cast<unsigned char>(header[i]);
    }
    return int64_t{number};
  };
  if (number_at(kIdAt) != kApplicationId) return Contents::kUnreadable;
  return number_at(kVersionAt) > kSchemaVersion ? Contents::kNewer
                                                : Contents::kDamaged;
}

// REQUIRES: in a transaction.
Result<Contents> InspectSnapshot(const Connection& connection) {
  const Result<int64_t> id =
      connection.QueryInt("PRAGMA application_id", kInspect);
  if (!id.ok()) {
    if (IsDamage(id.status())) return InspectHeader(connection);
    return id.status();
  }
  const Result<int64_t> version =
      connection.QueryInt("PRAGMA user_version", kInspect);
  if (!version.ok()) return version.status();
  if (*id == kApplicationId) {
    if (*version > kSchemaVersion) return Contents::kNewer;
    return InspectTables(connection, sql::kReadSchema);
  }
  const Result<int64_t> tables =
      connection.QueryInt("SELECT count(*) FROM sqlite_schema", kInspect);
  if (!tables.ok()) {
    if (IsDamage(tables.status())) return Contents::kUnreadable;
    return tables.status();
  }
  const bool nothing = *id == 0 && *version == 0 && *tables == 0;
  return nothing ? Contents::kNothing : Contents::kForeign;
}

}  // namespace

Result<Contents> InspectOwn(const Connection& connection) {
  // In one transaction, because another process may be creating the tables.
  Status status = connection.Execute("BEGIN", kInspect);
  if (!status.ok()) return status;
  Result<Contents> contents = InspectSnapshot(connection);
  if (sqlite3_get_autocommit(connection.get()) == 0) {
    // Nothing was written. Damage that this finds was found above.
    status = connection.Execute("ROLLBACK", kInspect);
    if (contents.ok() && !status.ok() && !IsDamage(status)) return status;
  }
  return contents;
}

Result<Contents> InspectBorrowed(const Connection& connection) {
  const Result<int64_t> tables = connection.QueryInt(
      "SELECT count(*) FROM main.sqlite_schema"
      " WHERE lower(name) IN ('entries', 'usage', 'meta')",
      kInspect);
  if (!tables.ok()) return tables.status();
  if (*tables == 0) return Contents::kNothing;
  Result<Contents> contents =
      InspectTables(connection, sql::kReadBorrowedSchema);
  // Without an application id, tables that do not match are foreign.
  if (contents.ok() &&
      (*contents == Contents::kDamaged || *contents == Contents::kLacksIndex)) {
    return Contents::kForeign;
  }
  return contents;
}

Status RefuseUnlessCache(Contents contents, const std::string& name) {
  switch (contents) {
    case Contents::kCache:
      return Status();
    case Contents::kNewer:
      return Status(ErrorCode::kUnsupported,
                    "cannot open " + name +
                        ": it was written by a newer version of appcache; "
                        "upgrade this program, or use another database");
    case Contents::kLacksIndex:
    case Contents::kDamaged:
      return Status(ErrorCode::kCorrupt,
                    "cannot open " + name + ": it is damaged");
    case Contents::kNothing:
    case Contents::kForeign:
    case Contents::kUnreadable:
      break;
  }
  return Status(ErrorCode::kUnsupported,
                "cannot open " + name +
                    ": it is not an appcache, and is left unchanged; use "
                    "another database");
}

Status CreateOwn(const Connection& connection,
                 std::optional<int64_t> hash_seed) {
  return InTransaction(connection, kCreate, [&]() -> Status {
    const std::string mark =
        "PRAGMA application_id = " + std::to_string(kApplicationId) +
        "; PRAGMA user_version = " + std::to_string(kSchemaVersion);
    Status status = connection.Execute(mark.c_str(), kCreate);
    return status.ok() ? CreateTables(connection, hash_seed) : status;
  });
}

Status CreateBorrowed(const Connection& connection,
                      std::optional<int64_t> hash_seed) {
  return InTransaction(connection, kCreate,
                       [&] { return CreateTables(connection, hash_seed); });
}

Result<bool> LacksChecksums(const Connection& connection) {
  const Result<std::string> table =
      connection.QueryText(sql::kReadEntriesTable, kInspect);
  if (!table.ok()) return table.status();
  return *table == sql::kOlderEntries.sql;
}

Status PrepareForAnyBuild(const Connection& connection, std::string sql,
                          Statement& statement) {
  const Result<bool> lacks = LacksChecksums(connection);
  if (!lacks.ok()) return lacks.status();
  if (*lacks) {
    constexpr std::string_view kOfTable("e.checksum");
    constexpr std::string_view kAlone("checksum");
    const bool names_table = sql.find(kOfTable) != std::string::npos;
    const std::string_view column = names_table ? kOfTable : kAlone;
    size_t at = sql.find(column);
    assert(at != std::string::npos);
    for (; at != std::string::npos; at = sql.find(column, at)) {
      sql.replace(at, column.size(), "NULL");
    }
  }
  return connection.Prepare(sql.c_str(), statement);
}

Status AddChecksums(const Connection& connection) {
  const Result<bool> lacks = LacksChecksums(connection);
  if (!lacks.ok() || !*lacks) return lacks.status();
  return InTransaction(connection, kAddChecksums, [&]() -> Status {
    // Another process may have added it.
    const Result<bool> still_lacks = LacksChecksums(connection);
    if (!still_lacks.ok() || !*still_lacks) return still_lacks.status();
    return connection.Execute(sql::kAddChecksums, kAddChecksums);
  });
}

Status RebuildIndexes(const Connection& connection) {
  constexpr char kRebuild[] = "rebuild the indexes of";
  constexpr std::string_view kCreateIndex("CREATE INDEX ");
  for (size_t i = sql::kTables; i < std::size(sql::kSchema); ++i) {
    const sql::SchemaObject& object = sql::kSchema[i];
    const std::string create =
        "CREATE INDEX IF NOT EXISTS main." +
        std::string(std::string_view(object.sql).substr(kCreateIndex.size()));
    Status status = connection.Execute(create.c_str(), kRebuild);
    if (!status.ok()) return status;
    const std::string rebuild = "REINDEX main." + std::string(object.name);
    status = connection.Execute(rebuild.c_str(), kRebuild);
    if (!status.ok()) return status;
  }
  return Status();
}

Result<int64_t> ReadHashSeed(const Connection& connection) {
  return connection.QueryInt("SELECT hash_seed FROM meta WHERE id = 1",
                             kInspect);
}

}  // namespace appcache::store
