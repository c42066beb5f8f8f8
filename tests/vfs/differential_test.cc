// The same random statements through the heap VFS and SQLite's unix VFS: equal
// results, equal result codes, and in the end equal pages.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_scale.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::differential_test {
namespace {

constexpr int kConnections = 3;
constexpr int kStatementsOfARound = 400;
constexpr uint64_t kIds = 60;

struct Statement {
  std::string sql;
  std::string_view blob;  // ?1, if there is one
};

struct Outcome {
  int code = SQLITE_OK;
  std::string rows;

  bool operator==(const Outcome&) const = default;
};

Outcome Run(sqlite3* db, const Statement& statement) {
  Outcome outcome;
  sqlite3_stmt* prepared = nullptr;
  outcome.code =
      sqlite3_prepare_v2(db, statement.sql.c_str(), -1, &prepared, nullptr);
  if (outcome.code == SQLITE_OK) {
    if (sqlite3_bind_parameter_count(prepared) > 0) {
      sqlite3_bind_blob64(prepared, 1, statement.blob.data(),
                          statement.blob.size(), SQLITE_STATIC);
    }
    while ((outcome.code = sqlite3_step(prepared)) == SQLITE_ROW) {
      for (int i = 0; i < sqlite3_column_count(prepared); ++i) {
        const auto* const bytes =
            static_cast<const char*>(sqlite3_column_blob(prepared, i));
        const int size = sqlite3_column_bytes(prepared, i);
        if (size > 0) outcome.rows.append(bytes, static_cast<size_t>(size));
        outcome.rows += '|';
      }
      outcome.rows += '\n';
    }
  }
  sqlite3_finalize(prepared);
  if (outcome.code != SQLITE_DONE) outcome.code = sqlite3_extended_errcode(db);
  return outcome;
}

// A database and its connections through one VFS.
class Side {
 public:
  Side(std::string name, const char* vfs)
      : name_(std::move(name)), vfs_(vfs), connections_(kConnections) {
    for (int i = 0; i < kConnections; ++i) Reconnect(i);
  }
  ~Side() {
    for (sqlite3* const db : connections_) sqlite3_close(db);
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  Outcome Do(int connection, const Statement& statement) {
    return Run(connections_[connection], statement);
  }

  void Reconnect(int connection) {
    sqlite3*& db = connections_[connection];
    ASSERT_EQ(sqlite3_close(db), SQLITE_OK);
    ASSERT_EQ(sqlite3_open_v2(name_.c_str(), &db, kCreate, vfs_), SQLITE_OK);
    for (const char* const sql :
         {"PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL",
          "PRAGMA synchronous = OFF"}) {
      (void)Run(db, {sql, {}});
    }
  }

  // The bytes of the main database.
  std::string File() const {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(connections_[0], "main", SQLITE_FCNTL_FILE_POINTER,
                         &file);
    sqlite3_int64 size = 0;
    EXPECT_EQ(file->pMethods->xFileSize(file, &size), SQLITE_OK);
    std::string bytes(static_cast<size_t>(size), '#');
    EXPECT_EQ(
        file->pMethods->xRead(file, bytes.data(), static_cast<int>(size), 0),
        SQLITE_OK);
    return bytes;
  }

 private:
  const std::string name_;
  const char* const vfs_;
  std::vector<sqlite3*> connections_;
};

// Random statements.
class Generator {
 public:
  explicit Generator(RandomSource& random)
      : random_(random), bytes_(random.String(64 << 10)) {}

  Statement Next() {
    const uint64_t kind = random_.Below(100);
    if (kind < 60) return Change();
    if (kind < 75) return Query();
    if (kind < 92) return Transaction();
    return Setting();
  }

 private:
  Statement Change() {
    const std::string table = Table();
    switch (random_.Below(10)) {
      case 0:
      case 1:
      case 2:
        return {"INSERT OR REPLACE INTO " + table + " VALUES (" + Id() + ", " +
                    Tag() + ", ?1)",
                Blob()};
      case 3:
        return {"INSERT INTO " + table + " VALUES (" + Id() + ", " + Tag() +
                    ", ?1)",
                Blob()};
      case 4:
        return {"UPDATE " + table + " SET body = ?1 WHERE id = " + Id(),
                Blob()};
      case 5:
        return {"UPDATE " + table + " SET tag = tag || 'x' WHERE " + Range(),
                {}};
      case 6:
        return {"DELETE FROM " + table + " WHERE id = " + Id(), {}};
      case 7:
        return {"DELETE FROM " + table + " WHERE " + Range(), {}};
      case 8:
        return {"INSERT OR IGNORE INTO " + table +
                    " SELECT id, tag, body FROM " + Table() + " WHERE " +
                    Range(),
                {}};
      default:
        return Schema(table);
    }
  }

  Statement Schema(const std::string& table) {
    switch (random_.Below(8)) {
      case 0:
        return {"DROP TABLE IF EXISTS " + table, {}};
      case 1:
        return {"DROP INDEX IF EXISTS " + table + "_tag", {}};
      case 2:
        return {"CREATE INDEX IF NOT EXISTS " + table + "_tag ON " + table +
                    "(tag, length(body))",
                {}};
      default:
        return {"CREATE TABLE IF NOT EXISTS " + table +
                    "(id INTEGER PRIMARY KEY, tag TEXT, body BLOB)",
                {}};
    }
  }

  Statement Query() {
    const std::string table = Table();
    switch (random_.Below(5)) {
      case 0:
        return {"SELECT * FROM " + table + " WHERE id = " + Id(), {}};
      case 1:
        return {"SELECT id, tag, length(body) FROM " + table +
                    " ORDER BY tag, id DESC",
                {}};
      case 2:
        return {"SELECT count(*), sum(length(body)), max(tag) FROM " + table,
                {}};
      case 3:
        return {"SELECT a.id, b.id FROM " + table + " a JOIN " + Table() +
                    " b USING (tag) ORDER BY 1, 2 LIMIT 50",
                {}};
      default:
        return {"SELECT type, name, sql FROM sqlite_schema", {}};
    }
  }

  Statement Transaction() {
    const std::string savepoint = "s" + std::to_string(random_.Below(3));
    switch (random_.Below(12)) {
      case 0:
        return {"BEGIN", {}};
      case 1:
        return {"BEGIN IMMEDIATE", {}};
      case 2:
        return {"BEGIN EXCLUSIVE", {}};
      case 3:
        return {"SAVEPOINT " + savepoint, {}};
      case 4:
        return {"RELEASE " + savepoint, {}};
      case 5:
        return {"ROLLBACK TO " + savepoint, {}};
      case 6:
      case 7:
        return {"ROLLBACK", {}};
      default:
        return {"COMMIT", {}};
    }
  }

  Statement Setting() {
    static constexpr const char* kModes[] = {"PASSIVE", "FULL", "RESTART",
                                             "TRUNCATE"};
    switch (random_.Below(12)) {
      case 0:
        return {
            "PRAGMA mmap_size = " + std::to_string(random_.Below(3) * 300'000),
            {}};
      case 1:
        return {"PRAGMA cache_size = " + std::to_string(1 + random_.Below(40)),
                {}};
      case 2:
      case 3:
        return {"PRAGMA incremental_vacuum(" +
                    std::to_string(random_.Below(50)) + ")",
                {}};
      case 4:
        return {random_.Below(3) == 0 ? "VACUUM" : "PRAGMA page_count", {}};
      case 5:
        return {
            "PRAGMA wal_autocheckpoint = " + std::to_string(random_.Below(100)),
            {}};
      case 6:
        return {random_.Below(3) == 0 ? "PRAGMA integrity_check"
                                      : "PRAGMA freelist_count",
                {}};
      default:
        return {std::string("PRAGMA wal_checkpoint(") +
                    kModes[random_.Below(4)] + ")",
                {}};
    }
  }

  std::string Table() { return "t" + std::to_string(random_.Below(3)); }
  std::string Id() { return std::to_string(random_.Below(kIds)); }
  std::string Tag() { return "'tag" + std::to_string(random_.Below(9)) + "'"; }
  std::string Range() {
    const uint64_t first = random_.Below(kIds);
    return "id BETWEEN " + std::to_string(first) + " AND " +
           std::to_string(first + random_.Below(9));
  }
  std::string_view Blob() {
    const uint64_t most = random_.Below(2) == 0 ? 200 : 20'000;
    return std::string_view(bytes_).substr(random_.Below(40'000),
                                           random_.Below(most));
  }

  RandomSource& random_;
  const std::string bytes_;
};

class DifferentialTest : public testing::Test {
 protected:
  DifferentialTest() { EXPECT_EQ(RegisterHeapVfs(), SQLITE_OK); }

  // Runs it on both sides.
  void Do(int connection, const Statement& statement) {
    const Outcome expected = unix_->Do(connection, statement);
    const Outcome outcome = heap_->Do(connection, statement);
    ASSERT_EQ(outcome.code, expected.code) << statement.sql;
    ASSERT_TRUE(outcome.rows == expected.rows)
        << statement.sql << "\n"
        << outcome.rows.substr(0, 1000) << "\nunix:\n"
        << expected.rows.substr(0, 1000);
    (expected.code == SQLITE_DONE ? done_ : failed_) += 1;
  }

  void Round(Generator& generator) {
    for (int i = 0; i < kStatementsOfARound; ++i) {
      const int connection = static_cast<int>(random_.Below(kConnections));
      if (random_.Below(300) == 0) {
        heap_->Reconnect(connection);
        unix_->Reconnect(connection);
        continue;
      }
      Do(connection, generator.Next());
      if (HasFatalFailure()) return;
    }
    for (int i = 0; i < kConnections; ++i) Do(i, {"ROLLBACK", {}});
    Do(0, {"PRAGMA wal_checkpoint(TRUNCATE)", {}});
    Do(0, {"PRAGMA integrity_check", {}});
    ASSERT_TRUE(heap_->File() == unix_->File());
  }

  const TempDir directory_;
  const std::unique_ptr<Side> unix_ =
      std::make_unique<Side>(directory_.path() + "/differential", "unix");
  std::unique_ptr<Side> heap_;
  RandomSource random_;
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
};

TEST_F(DifferentialTest, RandomStatementsHaveTheResultsOfUnix) {
  heap_ = std::make_unique<Side>("differential", kHeapVfsName);
  Generator generator(random_);
  const uint64_t statements = 20'000 * static_cast<uint64_t>(TestScale());
  while (done_ + failed_ < statements && !HasFailure()) Round(generator);
  // Both happen often enough to be compared.
  EXPECT_GT(done_, statements / 2);
  EXPECT_GT(failed_, statements / 100);
  RecordProperty("done", std::to_string(done_));
  RecordProperty("failed", std::to_string(failed_));
}

}  // namespace
}  // namespace appcache::vfs::differential_test
