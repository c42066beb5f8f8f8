// Memory runs out at each allocation of an operation in turn: those of the VFS,
// chunks included, and of SQLite.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <string>

#include "tests/fault/failing_memory.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs {
namespace {

constexpr char kName[] = "oom";

// Must not allocate anything itself. May set the connection.
using Operation = int (*)(sqlite3*& db);

int Execute(sqlite3* db, const char* sql) {
  return sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
}

int Open(sqlite3*& db, int flags) {
  const int rc = sqlite3_open_v2(kName, &db, flags, kHeapVfsName);
  if (rc != SQLITE_OK) {
    sqlite3_close(db);
    db = nullptr;
  }
  return rc;
}

bool IsOutOfMemory(int rc) {
  return rc == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM;
}

// What the tables hold, as text.
std::string ContentsOf(const PlainSqlite& db) {
  std::string contents = db.Text("SELECT count(*) FROM sqlite_schema");
  for (const std::string& table :
       db.Rows("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    contents += "; " + table + ": ";
    contents += db.Text(
        "SELECT count(*) || ' rows of ' || "
        "coalesce(sum(length(body)), 0) FROM " +
        table);
  }
  return contents;
}

class OomTest : public testing::Test {
 protected:
  // `prepare` creates the database. `opens`: the operation is given no
  // connection, but opens one.
  void FailEverywhere(PlainSqlite (*prepare)(), Operation operation,
                      bool opens = false) {
    prepare_ = prepare;
    operation_ = operation;
    opens_ = opens;
    after_ = Rehearse();
    for (const uint64_t failures : {uint64_t{1}, FailingMemory::kForEver}) {
      uint64_t first = 1;
      while (Attempt({first, failures}) && !HasFailure()) ++first;
      if (HasFailure()) {
        FAIL() << "allocation " << first << " fails"
               << (failures == 1 ? " once" : " and all after it");
      }
      EXPECT_GT(first, 1u);  // otherwise nothing was tried
    }
  }

  static PlainSqlite Filled() {
    PlainSqlite db = CreateFilled(kName, 20, 3000);
    EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
    return db;
  }

 private:
  // The contents after the operation when nothing fails.
  std::string Rehearse() {
    const PlainSqlite prepared = prepare_();
    sqlite3* db = opens_ ? nullptr : prepared.get();
    EXPECT_EQ(operation_(db), SQLITE_OK);
    const std::string after = ContentsOf(prepared);
    if (opens_) sqlite3_close(db);
    return after;
  }

  // Returns whether an allocation failed.
  bool Attempt(FailingMemory::Plan plan) {
    const int64_t used = sqlite3_memory_used();
    bool failed = false;
    {
      const PlainSqlite prepared = prepare_();
      const std::string before = ContentsOf(prepared);
      sqlite3* db = opens_ ? nullptr : prepared.get();
      int rc = SQLITE_OK;
      {
        const FailingMemory failing(plan);
        rc = operation_(db);
        failed = failing.failed() > 0;
      }
      if (rc != SQLITE_OK) {
        EXPECT_TRUE(failed && IsOutOfMemory(rc)) << rc;
        EXPECT_EQ(ContentsOf(prepared), before);
        ExpectIntegrity(prepared);
        EXPECT_EQ(operation_(db), SQLITE_OK);
      }
      EXPECT_EQ(ContentsOf(prepared), after_);
      ExpectIntegrity(prepared);
      if (opens_) sqlite3_close(db);
    }
    EXPECT_FALSE(MemoryUseOf(kName).has_value());
    EXPECT_EQ(sqlite3_memory_used(), used) << "SQLite's memory leaks";
    return failed;
  }

  PlainSqlite (*prepare_)() = nullptr;
  Operation operation_ = nullptr;
  bool opens_ = false;
  std::string after_;
};

TEST_F(OomTest, CreatingADatabase) {
  RegisterHeapVfs();
  // One connection alone: the database goes with it.
  bool succeeded = false;
  for (uint64_t first = 1; !succeeded && !HasFailure(); ++first) {
    sqlite3* db = nullptr;
    int rc = SQLITE_OK;
    {
      const FailingMemory failing({first, FailingMemory::kForEver});
      rc = Open(db, kCreate);
      if (rc == SQLITE_OK) rc = Execute(db, "PRAGMA journal_mode = WAL");
      if (rc == SQLITE_OK) rc = Execute(db, "CREATE TABLE t(body)");
      succeeded = failing.failed() == 0;
    }
    EXPECT_EQ(rc == SQLITE_OK, succeeded);
    EXPECT_TRUE(rc == SQLITE_OK || IsOutOfMemory(rc)) << rc;
    EXPECT_EQ(MemoryUseOf(kName).has_value(), db != nullptr);
    sqlite3_close(db);
    EXPECT_FALSE(MemoryUseOf(kName).has_value());
    ExpectIntegrity(CreateFilled(kName, 3, 100));
  }
}

TEST_F(OomTest, OpeningAWriter) {
  FailEverywhere(
      Filled,
      [](sqlite3*& db) {
        if (db == nullptr) {
          const int rc = Open(db, kReadWrite);
          if (rc != SQLITE_OK) return rc;
        }
        return Execute(db, "UPDATE t SET body = 'x' WHERE id = 1");
      },
      /*opens=*/true);
}

TEST_F(OomTest, OpeningAReader) {
  FailEverywhere(
      Filled,
      [](sqlite3*& db) {
        if (db == nullptr) {
          const int rc = Open(db, kReadOnly);
          if (rc != SQLITE_OK) return rc;
        }
        return Execute(db, "SELECT sum(length(body)) FROM t");
      },
      /*opens=*/true);
}

TEST_F(OomTest, SwitchingToTheLog) {
  FailEverywhere(
      [] {
        PlainSqlite db = Connect(kName, kCreate);
        db.Run("CREATE TABLE t(body)");
        return db;
      },
      [](sqlite3*& db) {
        const int rc = Execute(db, "PRAGMA journal_mode = WAL");
        return rc != SQLITE_OK ? rc : Execute(db, "INSERT INTO t VALUES ('x')");
      });
}

TEST_F(OomTest, CreatingTheSchema) {
  FailEverywhere([] { return Create(kName); },
                 [](sqlite3*& db) {
                   return Execute(db, "CREATE TABLE t(id INTEGER, body BLOB)");
                 });
}

TEST_F(OomTest, AnInsert) {
  FailEverywhere(Filled, [](sqlite3*& db) {
    return Execute(db, "INSERT INTO t(body) VALUES (zeroblob(3000))");
  });
}

TEST_F(OomTest, ACommitThatNeedsChunks) {
  FailEverywhere(Filled, [](sqlite3*& db) {
    return Execute(db, "INSERT INTO t(body) VALUES (zeroblob(600000))");
  });
}

TEST_F(OomTest, ATransactionThatSpillsItsCache) {
  FailEverywhere(
      [] {
        PlainSqlite db = Filled();
        db.Run("PRAGMA cache_size = 10");
        return db;
      },
      [](sqlite3*& db) {
        return Execute(db, "INSERT INTO t(body) SELECT zeroblob(30000) FROM t");
      });
}

TEST_F(OomTest, ACheckpointThatNeedsChunks) {
  FailEverywhere(
      [] {
        PlainSqlite db = Filled();
        db.Run("INSERT INTO t(body) VALUES (zeroblob(1000000))");
        return db;
      },
      [](sqlite3*& db) {
        return Execute(db, "PRAGMA wal_checkpoint(TRUNCATE)");
      });
}

TEST_F(OomTest, AnIncrementalVacuum) {
  FailEverywhere(
      [] {
        PlainSqlite db = Filled();
        db.Run("DELETE FROM t WHERE id < 15");
        return db;
      },
      [](sqlite3*& db) {
        const int rc = Execute(db, "PRAGMA incremental_vacuum");
        return rc != SQLITE_OK ? rc
                               : Execute(db, "PRAGMA wal_checkpoint(TRUNCATE)");
      });
}

}  // namespace
}  // namespace appcache::vfs
