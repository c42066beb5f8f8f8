// What may be at the path of a cache, or beside it, instead of the files that
// belong there: links, FIFOs, files of other users. None of it is followed,
// waited for or changed.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "engine/support/side_file.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::side_files_test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kOther = 12345;
constexpr gid_t kOtherGroup = 54321;

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

class SideFilesTest : public testing::Test {
 protected:
  SideFilesTest() {
    fs::create_directory(scratch_.Path("cache"));
    Scratch::WriteAll(other_, "");
  }

  std::unique_ptr<SqliteCache> Open() {
    return Must(SqliteCache::OpenFile(file_));
  }

  void ExpectRefused(ErrorCode code, const std::string& words) {
    const Status status = SqliteCache::OpenFile(file_).status();
    EXPECT_TRUE(status.Is(code)) << status.ToString();
    EXPECT_NE(status.ToString().find(words), std::string::npos)
        << status.ToString();
    EXPECT_EQ(Scratch::ReadAll(other_), "");
  }

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache/cache.db");
  const std::string other_ = scratch_.Path("other");
};

const char* const kRefusedSuffixes[] = {"-lane", "-wal", "-shm", "-journal"};

TEST_F(SideFilesTest, ASymbolicLinkIsNotFollowed) {
  for (const bool exists : {false, true}) {
    if (exists) Set(*Open(), "a");
    for (const char* const suffix : kRefusedSuffixes) {
      SCOPED_TRACE(suffix);
      fs::remove(file_ + suffix);
      fs::create_symlink(other_, file_ + suffix);
      ExpectRefused(ErrorCode::kUnsupported, "it is a symbolic link");
      EXPECT_TRUE(fs::is_symlink(file_ + suffix));
      fs::remove(file_ + suffix);
    }
  }
  EXPECT_EQ(Get(*Open(), "a"), "value");
}

TEST_F(SideFilesTest, ALinkToNothingIsNotFollowed) {
  fs::create_symlink(scratch_.Path("missing"), file_ + "-lane");
  ExpectRefused(ErrorCode::kUnsupported, "it is a symbolic link");
  EXPECT_FALSE(fs::exists(scratch_.Path("missing")));
}

TEST_F(SideFilesTest, AFifoIsNotWaitedFor) {
  for (const char* const suffix : kRefusedSuffixes) {
    SCOPED_TRACE(suffix);
    ASSERT_EQ(mkfifo((file_ + suffix).c_str(), 0666), 0);
    ExpectRefused(ErrorCode::kUnsupported, "it is not a regular file");
    fs::remove(file_ + suffix);
  }
}

TEST_F(SideFilesTest, AHardLinkToAnotherFileIsNotWrittenTo) {
  for (const char* const suffix : kRefusedSuffixes) {
    SCOPED_TRACE(suffix);
    fs::remove(file_);
    fs::remove(file_ + suffix);
    fs::create_hard_link(other_, file_ + suffix);
    ExpectRefused(ErrorCode::kUnsupported, "it has other names");
    fs::remove(file_ + suffix);
  }
}

// A test may not give files away everywhere, so this one describes them.
TEST_F(SideFilesTest, AFileIsOfThisUserOfRootOrOfTheOwnerOfTheDatabase) {
  const internal::FileAccess database = {kOther, kOtherGroup, 0600};
  struct stat info = {};
  info.st_mode = S_IFREG | 0600;
  info.st_nlink = 1;
  for (const uid_t user : {geteuid(), uid_t{0}, kOther}) {
    info.st_uid = user;
    EXPECT_EQ(internal::CheckSideFile(info, database), 0) << user;
  }
  info.st_uid = kOther + 1;
  EXPECT_EQ(internal::CheckSideFile(info, database), EPERM);
}

TEST_F(SideFilesTest, AFileOfTheGroupIsAcceptedIfTheGroupMayWrite) {
  struct stat info = {};
  info.st_mode = S_IFREG | 0660;
  info.st_nlink = 1;
  info.st_uid = kOther + 1;
  const auto check = [&](mode_t mode, gid_t group) {
    info.st_gid = group;
    return internal::CheckSideFile(info, {kOther, kOtherGroup, mode});
  };
  EXPECT_EQ(check(0660, kOtherGroup), 0);
  EXPECT_EQ(check(0660, kOtherGroup + 1), EPERM);
  EXPECT_EQ(check(0640, kOtherGroup), EPERM);
  EXPECT_EQ(check(0666, kOtherGroup + 1), 0);
  EXPECT_EQ(check(0644, kOtherGroup + 1), EPERM);
  info.st_mode = S_IFLNK | 0777;
  EXPECT_EQ(check(0666, kOtherGroup), ELOOP);
}

TEST_F(SideFilesTest, ALinkOfAnotherUserInASharedDirectoryIsNotFollowed) {
  struct stat link = {};
  struct stat directory = {};
  directory.st_uid = kOther;
  directory.st_mode = S_IFDIR | 01777;
  for (const uid_t user : {geteuid(), kOther}) {
    link.st_uid = user;
    EXPECT_TRUE(internal::MayFollow(link, directory));
  }
  link.st_uid = kOther + 1;
  EXPECT_FALSE(internal::MayFollow(link, directory));
  for (const mode_t mode : {0755, 0777, 01755}) {
    directory.st_mode = S_IFDIR | mode;
    EXPECT_TRUE(internal::MayFollow(link, directory)) << mode;
  }
}

TEST_F(SideFilesTest, OnlyALinkThatMayBeFollowedNamesACache) {
  const std::string shared = scratch_.Path("shared");
  fs::create_directory(shared);
  ASSERT_EQ(chmod(shared.c_str(), 01777), 0);
  fs::create_symlink(scratch_.Path("target"), shared + "/link");
  EXPECT_TRUE(SqliteCache::OpenFile(shared + "/link").ok());
  EXPECT_TRUE(fs::exists(scratch_.Path("target")));
  // A test may not give files away everywhere.
  const bool is_given =
      lchown((shared + "/link").c_str(), kOther, kOtherGroup) == 0;
  EXPECT_EQ(SqliteCache::OpenFile(shared + "/link").ok(), !is_given);
}

// A mark that is none: it neither hides damage nor leads elsewhere.
TEST_F(SideFilesTest, ALinkOrAFifoInPlaceOfTheMarkIsLeftAlone) {
  Set(*Open(), "a");
  fs::create_symlink(other_, file_ + "-suspect");
  EXPECT_EQ(Get(*Open(), "a"), "value");
  EXPECT_TRUE(fs::is_symlink(file_ + "-suspect"));
  fs::remove(file_ + "-suspect");
  ASSERT_EQ(mkfifo((file_ + "-suspect").c_str(), 0666), 0);
  EXPECT_EQ(Get(*Open(), "a"), "value");
  EXPECT_TRUE(fs::is_fifo(file_ + "-suspect"));
}

// The last damaged file may be a link by now: the link is replaced.
TEST_F(SideFilesTest, ALinkInPlaceOfTheDamagedFileIsReplaced) {
  Set(*Open(), "a");
  Scratch::WriteAll(file_, "garbage");
  fs::create_symlink(other_, file_ + ".damaged");
  fs::create_symlink(other_, file_ + ".damaged-wal");
  EXPECT_EQ(Get(*Open(), "a"), "<miss>");
  EXPECT_EQ(Scratch::ReadAll(file_ + ".damaged"), "garbage");
  EXPECT_EQ(Scratch::ReadAll(other_), "");
}

// --- Owners and permissions.

TEST_F(SideFilesTest, TheLaneIsForThoseWhoMayWriteTheDatabase) {
  const mode_t before = umask(0);
  for (const auto& [database, lane] : std::vector<std::pair<mode_t, mode_t>>{
           {0600, 0600}, {0644, 0600}, {0660, 0660}, {0666, 0666}}) {
    fs::remove(file_ + "-lane");
    Scratch::WriteAll(file_, "");
    ASSERT_EQ(chmod(file_.c_str(), database), 0);
    umask(database == 0660 ? 077 : 0);
    Set(*Open(), "a");
    EXPECT_EQ(ModeOf(file_), database);
    EXPECT_EQ(ModeOf(file_ + "-lane"), lane);
    fs::remove(file_);
  }
  umask(before);
}

// As older versions made it: whoever may read it can keep writers waiting.
TEST_F(SideFilesTest, ALaneThatOthersMayOpenIsRestricted) {
  Set(*Open(), "a");
  ASSERT_EQ(chmod(file_.c_str(), 0640), 0);
  ASSERT_EQ(chmod((file_ + "-lane").c_str(), 0666), 0);
  Set(*Open(), "a");
  EXPECT_EQ(ModeOf(file_ + "-lane"), mode_t{0600});
}

TEST_F(SideFilesTest, AReplacedFileKeepsItsPermissionsWhateverTheUmask) {
  Set(*Open(), "a");
  ASSERT_EQ(chmod(file_.c_str(), 0640), 0);
  Scratch::WriteAll(file_, "garbage");
  const mode_t before = umask(0);
  Set(*Open(), "a");
  umask(before);
  EXPECT_EQ(ModeOf(file_), mode_t{0640});
}

TEST_F(SideFilesTest, TheMarkHasThePermissionsOfTheLane) {
  Set(*Open(), "a");
  ASSERT_EQ(chmod(file_.c_str(), 0660), 0);
  const std::string bytes = Scratch::ReadAll(file_);
  for (size_t at = 4096; at < bytes.size(); at += 4096) {
    if (bytes.substr(at, 4096).find("value") != std::string::npos) {
      Scratch::Overwrite(file_, at, std::string(4096, '\x5a'));
    }
  }
  const mode_t before = umask(077);
  EXPECT_NE(Get(*Open(), "a"), "value");
  umask(before);
  ASSERT_TRUE(fs::exists(file_ + "-suspect"));
  EXPECT_EQ(ModeOf(file_ + "-suspect"), mode_t{0660});
}

// --- Paths.

TEST_F(SideFilesTest, APathThatIsNoFileIsRefusedAndLeavesNothingBehind) {
  ASSERT_EQ(mkfifo(scratch_.Path("cache/fifo").c_str(), 0666), 0);
  fs::create_symlink("/dev/null", scratch_.Path("cache/null"));
  const auto list = [&] {
    std::vector<std::string> names;
    for (const auto& item :
         fs::recursive_directory_iterator(scratch_.directory())) {
      names.push_back(item.path());
    }
    std::sort(names.begin(), names.end());
    return names;
  };
  const auto before = list();
  struct {
    std::string path;
    ErrorCode code;
  } const cases[] = {
      {"/dev/null", ErrorCode::kUnsupported},
      {scratch_.Path("cache/null"), ErrorCode::kUnsupported},
      {scratch_.Path("cache/fifo"), ErrorCode::kUnsupported},
      {scratch_.Path("cache"), ErrorCode::kUnavailable},
      {scratch_.Path("x/"), ErrorCode::kInvalidArgument},
      {scratch_.Path("x/."), ErrorCode::kInvalidArgument},
      {scratch_.Path("cache/"), ErrorCode::kUnavailable},
      {scratch_.Path(std::string(250, 'x') + "/" + std::string(250, 'y')),
       ErrorCode::kInvalidArgument},
  };
  const auto memory = Must(SqliteCache::OpenInMemory({}, "paths"));
  for (const auto& [path, code] : cases) {
    SCOPED_TRACE(path);
    EXPECT_EQ(SqliteCache::OpenFile(path).status().code(), code)
        << SqliteCache::OpenFile(path).status().ToString();
    EXPECT_EQ(memory->Snapshot(path).code(), code);
    EXPECT_FALSE(SqliteCache::OpenInMemoryFrom(path, {}, "from path").ok());
  }
  EXPECT_EQ(list(), before);
  EXPECT_FALSE(fs::exists("/dev/null-lane"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(SideFilesTest, AFileHasOneIdentityThroughLinksToWhereItIsNotYet) {
  fs::create_symlink("cache.db", scratch_.Path("cache/link.db"));
  fs::create_symlink("cache/link.db", scratch_.Path("far.db"));
  const auto far = Must(SqliteCache::OpenFile(scratch_.Path("far.db")));
  const auto link = Must(SqliteCache::OpenFile(scratch_.Path("cache/link.db")));
  const auto cache = Open();
  Set(*far, "a");
  EXPECT_EQ(Get(*cache, "a"), "value");
  EXPECT_EQ(link->Stats().sets, 1u);  // one engine
  EXPECT_TRUE(fs::exists(file_ + "-lane"));
  EXPECT_FALSE(fs::exists(scratch_.Path("far.db-lane")));
  EXPECT_FALSE(fs::exists(scratch_.Path("cache/link.db-lane")));
}

TEST_F(SideFilesTest, LinksInACircleAreUnavailable) {
  fs::create_symlink("b", scratch_.Path("cache/a"));
  fs::create_symlink("a", scratch_.Path("cache/b"));
  EXPECT_TRUE(SqliteCache::OpenFile(scratch_.Path("cache/a"))
                  .status()
                  .Is(ErrorCode::kUnavailable));
}

TEST_F(SideFilesTest, AFileWithTwoNamesIsRefusedUntilItHasOne) {
  Set(*Open(), "a");
  fs::create_hard_link(file_, scratch_.Path("second.db"));
  ExpectRefused(ErrorCode::kUnsupported, "it has other names (hard links)");
  fs::remove(scratch_.Path("second.db"));
  EXPECT_EQ(Get(*Open(), "a"), "value");
}

// --- Descriptors.

// With standard error closed, the next descriptor would be 2.
TEST_F(SideFilesTest, NoDescriptorIsThatOfAStandardStream) {
  const int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
  ASSERT_GE(saved, 0);
  ASSERT_EQ(close(STDERR_FILENO), 0);
  std::string target;
  {
    const auto cache = Must(SqliteCache::OpenFile(file_));
    Set(*cache, "a");
    std::error_code none;
    target = fs::read_symlink("/proc/self/fd/2", none).string();
    const std::string noise = "noise";
    (void)!write(STDERR_FILENO, noise.data(), noise.size());
  }
  dup2(saved, STDERR_FILENO);
  close(saved);
  // (SQLite occupies it with /dev/null.)
  EXPECT_TRUE(target.empty() || target == "/dev/null") << target;
  const std::string lane = Scratch::ReadAll(file_ + "-lane");
  EXPECT_TRUE(lane.starts_with("appcache writer lane\ndatabase ")) << lane;
  EXPECT_EQ(lane.find("noise"), std::string::npos) << lane;
}

}  // namespace
}  // namespace appcache::side_files_test
