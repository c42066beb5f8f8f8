// The names of databases: compared exactly, one database each, and gone with
// its last connection.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "tests/vfs/heap_connection.h"

namespace appcache::vfs::names_test {
namespace {

int TryOpen(const std::string& name, int flags) {
  sqlite3* db = nullptr;
  const int rc = TryConnect(name, flags, db);
  sqlite3_close(db);
  return rc;
}

// A database whose only table has the name of the database in its only row.
PlainSqlite CreateNamed(const std::string& name) {
  PlainSqlite db = Create(name);
  db.Run("CREATE TABLE t(name)");
  db.Run("INSERT INTO t VALUES ('" + name + "')");
  return db;
}

std::string NameIn(const std::string& name) {
  return Connect(name).Text("SELECT name FROM t");
}

TEST(NamesTest, ANameThatDoesNotExistIsCreatedOnlyOnRequest) {
  EXPECT_EQ(TryOpen("none", kReadWrite), SQLITE_CANTOPEN);
  EXPECT_EQ(TryOpen("none", kReadOnly), SQLITE_CANTOPEN);
  EXPECT_EQ(TryOpen("none", kCreate), SQLITE_OK);
}

// Of the file: sqlite3_open_v2 does not pass the flag on.
TEST(NamesTest, ANameThatExistsIsNotCreatedExclusively) {
  constexpr int kExclusive =
      SQLITE_OPEN_MAIN_DB | kCreate | SQLITE_OPEN_EXCLUSIVE;
  EXPECT_EQ(RawFile("name", kExclusive).open_code(), SQLITE_OK);
  const PlainSqlite db = CreateNamed("name");
  EXPECT_EQ(RawFile("name", kExclusive).open_code(), SQLITE_CANTOPEN);
  EXPECT_EQ(NameIn("name"), "name");
}

TEST(NamesTest, ADatabaseLivesUntilItsLastConnectionIsClosed) {
  PlainSqlite first = CreateNamed("name");
  PlainSqlite second = Connect("name");
  first.Close();
  EXPECT_EQ(second.Text("SELECT name FROM t"), "name");
  EXPECT_EQ(TryOpen("name", kReadOnly), SQLITE_OK);
  second.Close();
  EXPECT_EQ(TryOpen("name", kReadOnly), SQLITE_CANTOPEN);
  EXPECT_FALSE(MemoryUseOf("name").has_value());
}

TEST(NamesTest, ANameIsNotComparedByPrefix) {
  PlainSqlite longer = CreateNamed("blahblah");
  EXPECT_EQ(TryOpen("blah", kReadOnly), SQLITE_CANTOPEN);
  EXPECT_FALSE(MemoryUseOf("blah").has_value());
  PlainSqlite shorter = CreateNamed("blah");
  EXPECT_EQ(NameIn("blah"), "blah");
  EXPECT_EQ(NameIn("blahblah"), "blahblah");
  shorter.Close();
  EXPECT_EQ(TryOpen("blah", kReadOnly), SQLITE_CANTOPEN);
  EXPECT_EQ(NameIn("blahblah"), "blahblah");
}

TEST(NamesTest, ANameIsNotAPath) {
  const PlainSqlite db = CreateNamed("/dir/name");
  EXPECT_EQ(TryOpen("/dir/./name", kReadOnly), SQLITE_CANTOPEN);
  EXPECT_EQ(TryOpen("/dir/other/../name", kReadOnly), SQLITE_CANTOPEN);
  EXPECT_EQ(TryOpen("/dir/Name", kReadOnly), SQLITE_CANTOPEN);
  EXPECT_EQ(NameIn("/dir/name"), "/dir/name");
}

TEST(NamesTest, ANameThatIsTooLongIsRefused) {
  EXPECT_EQ(TryOpen(std::string(5000, 'n'), kCreate), SQLITE_CANTOPEN);
  const std::string name(4000, 'n');
  const PlainSqlite longest = CreateNamed(name);
  EXPECT_EQ(NameIn(name), name);
}

// The parameter: the suffix of another database. SQLite asks for the files of a
// database with these suffixes.
class SuffixTest : public testing::TestWithParam<const char*> {
 protected:
  const std::string other_ = std::string("x") + GetParam();
};

TEST_P(SuffixTest, ADatabaseNamedLikeAFileOfAnotherIsOneOfItsOwn) {
  PlainSqlite other = CreateNamed(other_);
  {
    PlainSqlite db = CreateNamed("x");
    EXPECT_FALSE(IsCheckpointBusy(db, "TRUNCATE"));
    EXPECT_EQ(NameIn("x"), "x");
    EXPECT_EQ(NameIn(other_), other_);
    ExpectIntegrity(db);
  }
  ExpectIntegrity(other);
  EXPECT_EQ(NameIn(other_), other_);
}

TEST_P(SuffixTest, TheOrderOfCreationDoesNotMatter) {
  PlainSqlite db = CreateNamed("x");
  {
    PlainSqlite other = CreateNamed(other_);
    EXPECT_FALSE(IsCheckpointBusy(other, "TRUNCATE"));
    EXPECT_EQ(NameIn(other_), other_);
  }
  ExpectIntegrity(db);
  EXPECT_EQ(NameIn("x"), "x");
}

INSTANTIATE_TEST_SUITE_P(Suffixes, SuffixTest,
                         testing::Values("-wal", "-journal", "-shm", "-wal-wal",
                                         "-wal-journal"));

}  // namespace
}  // namespace appcache::vfs::names_test
