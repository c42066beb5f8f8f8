// A cache that belongs to another group than the primary group of a process:
// the files beside it belong to that group too, so that its other members can
// use the cache, and those of the process's group cannot.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "appcache/sqlite_cache.h"
#include "engine/support/side_file.h"
#include "tests/support/groups.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace appcache::shared_group_test {
namespace {

class SharedGroupTest : public testing::Test {
 protected:
  // A closed cache of the other group, which that may write.
  std::string MakeCache() {
    return InChild([&]() -> std::string {
      if (!groups_.Become(/*is_member=*/true)) return "cannot become a member";
      if (!SqliteCache::OpenFile(file_).ok()) return "cannot make a cache";
      unlink((file_ + "-lane").c_str());
      const bool done = chown(file_.c_str(), kSame, groups_.shared) == 0 &&
                        chmod(file_.c_str(), 0660) == 0;
      return done ? "" : "cannot share the file";
    });
  }

  static constexpr uid_t kSame = static_cast<uid_t>(-1);

  // Where another user may search the directories above.
  const TempDir directory_{"/dev/shm"};
  const Groups groups_ = Groups::Of(directory_.path());
  const std::string file_ = directory_.path() + "/cache.db";
};

TEST_F(SharedGroupTest, TheFilesBesideACacheBelongToItsGroup) {
  ASSERT_EQ(MakeCache(), "");
  EXPECT_EQ(InChild([&]() -> std::string {
              if (!groups_.Become(/*is_member=*/true)) return "no member";
              const auto cache = SqliteCache::OpenFile(file_);
              if (!cache.ok()) return cache.status().ToString();
              for (const char* const suffix : {"", "-wal", "-shm", "-lane"}) {
                const std::string access = GroupAndModeOf(file_ + suffix);
                if (access != GroupAndMode(groups_.shared, 0660)) {
                  return suffix + (" has " + access);
                }
              }
              return "";
            }),
            "");
}

// Otherwise the group of the process could write to the log.
TEST_F(SharedGroupTest, APermissionOfTheGroupIsNotGivenToAnotherOne) {
  ASSERT_EQ(MakeCache(), "");
  EXPECT_EQ(
      InChild([&]() -> std::string {
        if (!groups_.Become(/*is_member=*/false)) return "no member";
        const auto cache = SqliteCache::OpenFile(file_);
        if (!cache.ok()) return cache.status().ToString();
        const bool can_share = !groups_.is_root;
        for (const char* const suffix : {"-wal", "-shm", "-lane"}) {
          const std::string access = GroupAndModeOf(file_ + suffix);
          if (access != (can_share ? GroupAndMode(groups_.shared, 0660)
                                   : GroupAndMode(groups_.primary, 0600))) {
            return suffix + (" has " + access);
          }
        }
        return "";
      }),
      "");
}

// A program's own locks on the log are POSIX locks: a close drops them.
TEST_F(SharedGroupTest, GivingAccessKeepsTheLocksOfTheProcess) {
  ASSERT_EQ(MakeCache(), "");
  const auto cache = SqliteCache::OpenFile(file_);
  ASSERT_TRUE(cache.ok()) << cache.status().ToString();
  internal::GiveAccessAt(file_ + "-shm", internal::FileAccess::Of(file_));
  // SQLite holds a shared lock on this byte while it uses the index.
  constexpr off_t kDeadManSwitch = 128;
  EXPECT_EQ(InChild([&]() -> std::string {
              struct flock lock = {};
              lock.l_type = F_WRLCK;
              lock.l_whence = SEEK_SET;
              lock.l_start = kDeadManSwitch;
              lock.l_len = 1;
              const int fd = open((file_ + "-shm").c_str(), O_RDWR | O_CLOEXEC);
              const bool known = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0;
              if (!known) return "cannot examine the lock";
              return lock.l_type == F_UNLCK ? "the lock was dropped" : "";
            }),
            "");
}

TEST_F(SharedGroupTest, ALinkIsNotFollowed) {
  const std::string target = directory_.path() + "/target";
  std::ofstream(target).flush();
  ASSERT_EQ(chmod(target.c_str(), 0640), 0);
  ASSERT_EQ(symlink(target.c_str(), (file_ + "-wal").c_str()), 0);
  internal::GiveAccessAt(file_ + "-wal", {geteuid(), getegid(), 0666});
  EXPECT_EQ(GroupAndModeOf(target), GroupAndMode(getegid(), 0640));
}

}  // namespace
}  // namespace appcache::shared_group_test
