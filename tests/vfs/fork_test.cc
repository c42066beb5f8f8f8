// A forked child starts with no databases, and harms none of its parent's.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <initializer_list>
#include <string>
#include <thread>

#include "tests/support/in_child.h"
#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::fork_test {
namespace {

constexpr char kName[] = "forked";

// A failure of a test in a child is seen by nobody: it returns complaints.
struct Check {
  const char* what;
  int result;
  int expected = SQLITE_OK;
};

// "" when all results are as expected. They are evaluated in order.
std::string Complaints(std::initializer_list<Check> checks) {
  std::string complaints;
  for (const Check& check : checks) {
    if (check.result == check.expected) continue;
    complaints += std::string(check.what) + ": " +
                  std::to_string(check.result) + " and not " +
                  std::to_string(check.expected) + "\n";
  }
  return complaints;
}

int Execute(sqlite3* db, const char* sql) {
  return sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
}

int Checkpoint(sqlite3* db) {
  return sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE,
                                   nullptr, nullptr);
}

bool Exists(const char* name) { return MemoryUseOf(name).has_value(); }

class ForkTest : public testing::Test {
 protected:
  void ExpectUnharmed() {
    EXPECT_EQ(db_.Int("SELECT count(*) FROM t WHERE length(body) = 5000"), 50);
    db_.Run("INSERT INTO t(body) VALUES ('x')");
    EXPECT_FALSE(IsCheckpointBusy(db_, "TRUNCATE"));
    ExpectIntegrity(db_);
    ExpectIntegrity(Connect(kName, kReadOnly));
  }

  const PlainSqlite db_ = CreateFilled(kName, 50, 5000);
};

TEST_F(ForkTest, AChildSeesNoDatabaseOfItsParent) {
  const std::string complaints = InChild([] {
    sqlite3* db = nullptr;
    return Complaints({
        {"open", TryConnect(kName, kReadWrite, db), SQLITE_CANTOPEN},
        {"exists", Exists(kName), false},
    });
  });
  EXPECT_EQ(complaints, "");
  ExpectUnharmed();
}

TEST_F(ForkTest, AChildHasDatabasesOfItsOwnByTheSameName) {
  const std::string complaints = InChild([] {
    sqlite3* db = nullptr;
    sqlite3* second = nullptr;
    return Complaints({
        {"create", TryConnect(kName, kCreate, db)},
        {"switch to the log", Execute(db, "PRAGMA journal_mode = WAL")},
        {"write", Execute(db, "CREATE TABLE own(x)")},
        {"read the parent's", Execute(db, "SELECT * FROM t"), SQLITE_ERROR},
        {"open a second", TryConnect(kName, kReadOnly, second)},
        {"read in it", Execute(second, "SELECT * FROM own")},
        {"close it", sqlite3_close(second)},
        {"close", sqlite3_close(db)},
        {"exists", Exists(kName), false},
    });
  });
  EXPECT_EQ(complaints, "");
  ExpectUnharmed();
}

TEST_F(ForkTest, AnInheritedConnectionFailsAndClosingItHarmsNothing) {
  const std::string complaints = InChild([&] {
    sqlite3* const db = db_.get();
    return Complaints({
        {"read", Execute(db, "SELECT * FROM t"), SQLITE_IOERR},
        {"write", Execute(db, "DELETE FROM t"), SQLITE_IOERR},
        {"checkpoint", Checkpoint(db), SQLITE_IOERR},
        {"close", sqlite3_close(db)},
        {"exists", Exists(kName), false},
    });
  });
  EXPECT_EQ(complaints, "");
  ExpectUnharmed();
}

TEST_F(ForkTest, AnInheritedTransactionCannotBeCommitted) {
  db_.Run("BEGIN IMMEDIATE");
  db_.Run("UPDATE t SET body = 'parent' WHERE id = 1");
  const std::string complaints = InChild([&] {
    sqlite3* const db = db_.get();
    return Complaints({
        {"commit", Execute(db, "COMMIT"), SQLITE_IOERR},
        {"close", sqlite3_close(db)},
    });
  });
  EXPECT_EQ(complaints, "");
  db_.Run("ROLLBACK");
  ExpectUnharmed();
}

TEST_F(ForkTest, EveryMethodOfAnInheritedFileFails) {
  RawFile file(kName);
  const std::string complaints = InChild([&] {
    constexpr int kLock = SQLITE_SHM_LOCK | SQLITE_SHM_SHARED;
    sqlite3_file* const base = file.get();
    const sqlite3_io_methods& methods = file.methods();
    char byte = 0;
    int number = 0;
    sqlite3_int64 size = 0;
    volatile void* region = nullptr;
    void* page = nullptr;
    return Complaints({
        {"read", methods.xRead(base, &byte, 1, 0), SQLITE_IOERR},
        {"write", methods.xWrite(base, &byte, 1, 0), SQLITE_IOERR},
        {"truncate", methods.xTruncate(base, 0), SQLITE_IOERR},
        {"size", methods.xFileSize(base, &size), SQLITE_IOERR},
        {"lock", methods.xLock(base, SQLITE_LOCK_SHARED), SQLITE_IOERR},
        {"unlock", methods.xUnlock(base, SQLITE_LOCK_NONE), SQLITE_IOERR},
        {"reserved", methods.xCheckReservedLock(base, &number), SQLITE_IOERR},
        {"map", methods.xShmMap(base, 0, 32768, 1, &region), SQLITE_IOERR},
        {"shm lock", methods.xShmLock(base, 0, 1, kLock), SQLITE_IOERR},
        {"unmap", methods.xShmUnmap(base, 1), SQLITE_IOERR},
        {"fetch", methods.xFetch(base, 0, 4096, &page), SQLITE_IOERR},
    });
  });
  EXPECT_EQ(complaints, "");
  ExpectUnharmed();
}

// Another thread may hold a mutex of the database at the fork. In the child
// nobody releases it.
TEST_F(ForkTest, ClosingInAChildWaitsForNoMutex) {
  RawFile file(kName);
  std::atomic<bool> is_done{false};
  std::thread busy([&] {
    int is_reserved = 0;
    while (!is_done)
      file.methods().xCheckReservedLock(file.get(), &is_reserved);
  });
  for (int i = 0; i < 30 && !HasFailure(); ++i) {
    EXPECT_EQ(InChild([&] {
                return Complaints({{"close", sqlite3_close(db_.get())}});
              }),
              "");
  }
  is_done = true;
  busy.join();
  ExpectUnharmed();
}

TEST_F(ForkTest, AGrandchildSeesNoDatabaseOfTheChild) {
  const std::string complaints = InChild([] {
    sqlite3* db = nullptr;
    const int created = TryConnect("child's", kCreate, db);
    return Complaints({{"create", created}}) + InChild([] {
             sqlite3* opened = nullptr;
             const int rc = TryConnect("child's", kReadOnly, opened);
             return Complaints({{"open", rc, SQLITE_CANTOPEN}});
           });
  });
  EXPECT_EQ(complaints, "");
}

}  // namespace
}  // namespace appcache::vfs::fork_test
