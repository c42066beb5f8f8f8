// Files and directories that this user may not write in.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/scratch.h"
#include "tests/engine/without_privileges.h"

namespace appcache::permissions_test {
namespace {

using std::filesystem::perms;

class PermissionsTest : public testing::Test {
 protected:
  ~PermissionsTest() override {
    // So that it can be removed.
    std::filesystem::permissions(scratch_.directory(), perms::owner_all);
  }

  void MakeCache() {
    const SqliteCache::Opened cache = SqliteCache::OpenFile(file_);
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    ASSERT_TRUE((*cache)->backend()->SetRaw("path", "value", kNoTtl).ok());
  }

  static void MakeReadOnly(const std::string& path) {
    std::filesystem::permissions(
        path, perms::owner_write | perms::group_write | perms::others_write,
        std::filesystem::perm_options::remove);
  }

  // OpenFile fails for want of permissions, says so, and changes nothing.
  void ExpectUnavailable(const std::string& words) {
    const auto before = scratch_.Files();
    Status status;
    {
      const WithoutPrivileges without;
      status = SqliteCache::OpenFile(file_).status();
    }
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
    EXPECT_NE(status.ToString().find(words), std::string::npos)
        << status.ToString();
    EXPECT_TRUE(scratch_.Files() == before);
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
};

TEST_F(PermissionsTest, BindInTheseTests) {
  Scratch::WriteAll(file_, "text");
  MakeReadOnly(file_);
  const WithoutPrivileges without;
  EXPECT_EQ(open(file_.c_str(), O_RDWR), -1);
}

TEST_F(PermissionsTest, ADirectoryThatIsReadOnlyCannotTakeANewFile) {
  MakeReadOnly(scratch_.directory());
  ExpectUnavailable(
      "check that its directory exists and that this user may write to it");
}

TEST_F(PermissionsTest, ADirectoryThatIsReadOnlyCannotTakeTheLog) {
  MakeCache();
  std::filesystem::remove(file_ + "-wal");
  std::filesystem::remove(file_ + "-shm");
  MakeReadOnly(scratch_.directory());
  ExpectUnavailable("this user may not write to " + scratch_.directory() +
                    "/ (Permission denied)");
}

TEST_F(PermissionsTest, ADirectoryThatMayNotBeEnteredIsUnavailable) {
  std::filesystem::permissions(scratch_.directory(), perms::none);
  const WithoutPrivileges without;
  const Status status = SqliteCache::OpenFile(file_).status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
}

TEST_F(PermissionsTest, AFileThatIsReadOnlyIsUnavailable) {
  MakeCache();
  MakeReadOnly(file_);
  ExpectUnavailable("this user may not write to " + file_ +
                    " (Permission denied); change the permissions");
}

TEST_F(PermissionsTest, AFileThatMayNotBeReadIsUnavailable) {
  MakeCache();
  std::filesystem::permissions(file_, perms::none);
  ExpectUnavailable("this user may not write to " + file_);
}

TEST_F(PermissionsTest, ALaneThatIsReadOnlyIsUnavailable) {
  MakeCache();
  MakeReadOnly(file_ + "-lane");
  ExpectUnavailable("this user may not write to " + file_ + "-lane");
}

TEST_F(PermissionsTest, AForeignFileThatIsReadOnlyIsUnavailable) {
  PlainSqlite plain(file_);
  plain.Run("CREATE TABLE people(name)");
  plain.Close();
  MakeReadOnly(file_);
  ExpectUnavailable("this user may not write to " + file_);
}

TEST_F(PermissionsTest, OnceTheyAreGivenTheFileOpens) {
  MakeCache();
  MakeReadOnly(file_);
  ExpectUnavailable("this user may not write to " + file_);
  std::filesystem::permissions(file_, perms::owner_all);
  const WithoutPrivileges without;
  const SqliteCache::Opened cache = SqliteCache::OpenFile(file_);
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  EXPECT_EQ((*cache)->backend()->GetRaw("path")->view(), "value");
}

}  // namespace
}  // namespace appcache::permissions_test
