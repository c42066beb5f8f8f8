// A directory whose database belongs to another group than the primary group of
// a process: the files beside it belong to that group too.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "appcache/lmdb_cache.h"
#include "tests/support/groups.h"
#include "tests/support/in_child.h"
#include "tests/support/temp_dir.h"

namespace appcache::shared_group_test {
namespace {

class LmdbSharedGroupTest : public testing::Test {
 protected:
  // A closed cache of the other group, which that may write.
  std::string MakeCache() {
    return InChild([&]() -> std::string {
      if (!groups_.Become(/*is_member=*/true)) return "cannot become a member";
      if (!LmdbCache::Open(path_).ok()) return "cannot make a cache";
      unlink((path_ + "/lock.mdb").c_str());
      const std::string data = path_ + "/data.mdb";
      const bool done =
          chown(data.c_str(), static_cast<uid_t>(-1), groups_.shared) == 0 &&
          chmod(data.c_str(), 0660) == 0;
      return done ? "" : "cannot share the file";
    });
  }

  // The group and the mode of lock.mdb that an open creates.
  std::string AccessOfReaders(bool is_member) {
    return InChild([&]() -> std::string {
      if (!groups_.Become(is_member)) return "cannot become a user";
      const auto cache = LmdbCache::Open(path_);
      if (!cache.ok()) return cache.status().ToString();
      return GroupAndModeOf(path_ + "/lock.mdb");
    });
  }

  // Where another user may search the directories above.
  const TempDir directory_{"/dev/shm"};
  const Groups groups_ = Groups::Of(directory_.path());
  const std::string path_ = directory_.path() + "/cache";
};

TEST_F(LmdbSharedGroupTest, TheTableOfReadersBelongsToTheGroupOfTheDatabase) {
  ASSERT_EQ(MakeCache(), "");
  EXPECT_EQ(AccessOfReaders(/*is_member=*/true),
            GroupAndMode(groups_.shared, 0660));
}

TEST_F(LmdbSharedGroupTest, APermissionOfTheGroupIsNotGivenToAnotherOne) {
  ASSERT_EQ(MakeCache(), "");
  EXPECT_EQ(AccessOfReaders(/*is_member=*/false),
            groups_.is_root ? GroupAndMode(groups_.primary, 0600)
                            : GroupAndMode(groups_.shared, 0660));
}

}  // namespace
}  // namespace appcache::shared_group_test
