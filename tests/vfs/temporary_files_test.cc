// SQLite's temporary files are those of its default VFS. A program of its own:
// it counts them in a default VFS of its own.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::temporary_files_test {
namespace {

constexpr char kName[] = "temporary";

sqlite3_vfs* unix_vfs = nullptr;
int opened_temporary_files = 0;

int CountAndOpen(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags,
                 int* out_flags) {
  if (name == nullptr) ++opened_temporary_files;
  return unix_vfs->xOpen(unix_vfs, name, file, flags, out_flags);
}

class TemporaryFilesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    unix_vfs = sqlite3_vfs_find("unix");
    static sqlite3_vfs counting = *unix_vfs;
    counting.zName = "counting";
    counting.xOpen = CountAndOpen;
    ASSERT_EQ(sqlite3_vfs_register(&counting, /*makeDflt=*/1), SQLITE_OK);
  }

  TemporaryFilesTest() {
    db_.Run("PRAGMA temp_store = FILE");
    db_.Run("PRAGMA cache_size = 10");
    opened_temporary_files = 0;
  }

  const PlainSqlite db_ = CreateFilled(kName, 3000, 2000);
};

TEST_F(TemporaryFilesTest, ALargeSortWorks) {
  int64_t rows = 0;
  std::string last;
  for (const std::string& row :
       db_.Rows("SELECT hex(body) FROM t ORDER BY body")) {
    ASSERT_GE(row, last);
    last = row;
    ++rows;
  }
  EXPECT_EQ(rows, 3000);
  EXPECT_GT(opened_temporary_files, 0);
}

TEST_F(TemporaryFilesTest, AnIndexOfManyRowsIsBuilt) {
  db_.Run("CREATE INDEX by_body ON t(body)");
  EXPECT_GT(opened_temporary_files, 0);
  ExpectIntegrity(db_);
}

TEST_F(TemporaryFilesTest, ATemporaryTableIsKept) {
  db_.Run("CREATE TEMP TABLE copy AS SELECT * FROM t");
  EXPECT_GT(opened_temporary_files, 0);
  EXPECT_EQ(db_.Int("SELECT count(*) FROM copy JOIN t USING (id, body)"), 3000);
}

TEST_F(TemporaryFilesTest, AVacuumOnASmallCacheWorks) {
  db_.Run("DELETE FROM t WHERE id % 2 = 0");
  db_.Run("VACUUM");
  EXPECT_GT(opened_temporary_files, 0);
  EXPECT_EQ(db_.Int("SELECT count(*) FROM t WHERE length(body) = 2000"), 1500);
  EXPECT_EQ(db_.Int("PRAGMA freelist_count"), 0);
  ExpectIntegrity(db_);
}

TEST_F(TemporaryFilesTest, AStatementThatFailsHalfwayIsUndone) {
  db_.Run("CREATE UNIQUE INDEX lengths ON t(id, length(body))");
  opened_temporary_files = 0;
  db_.Run("BEGIN");
  db_.Run("INSERT INTO t(body) VALUES ('before')");
  // Fails at the last row, after all the others have changed.
  EXPECT_EQ(db_.TryRun("UPDATE t SET body = randomblob(3000), "
                       "id = CASE id WHEN 3000 THEN 1 ELSE id END"),
            SQLITE_CONSTRAINT);
  db_.Run("COMMIT");
  EXPECT_GT(opened_temporary_files, 0);  // the journal of the statement
  EXPECT_EQ(db_.Int("SELECT count(*) FROM t WHERE length(body) = 2000"), 3000);
  EXPECT_EQ(db_.Int("SELECT count(*) FROM t WHERE body = 'before'"), 1);
  ExpectIntegrity(db_);
}

}  // namespace
}  // namespace appcache::vfs::temporary_files_test
