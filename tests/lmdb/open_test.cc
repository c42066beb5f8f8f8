// LmdbCache::Open: which directories it opens, and which it refuses without
// changing them.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "appcache/lmdb_cache.h"
#include "tests/engine/without_privileges.h"
#include "tests/lmdb/open_lmdb.h"
#include "tests/lmdb/plain_lmdb.h"
#include "tests/support/temp_dir.h"

namespace appcache::open_test {
namespace {

class OpenTest : public testing::Test {
 protected:
  OpenTest() {
    EXPECT_EQ(mkdir(path_.c_str(), 0700), 0);
    options_.max_bytes = LmdbCacheOptions::kMinBytes;
  }

  std::string File(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }
  void CreateCache() const {
    const auto cache = OpenLmdb(path_, options_);
    ASSERT_TRUE(cache->backend()->SetRaw("p", "value", kNoTtl).ok());
  }
  Status Refused() const { return LmdbCache::Open(path_, options_).status(); }

  // The contents of all files but lock.mdb, where LMDB counts readers.
  std::map<std::string, std::string> Contents() const {
    std::map<std::string, std::string> contents;
    for (const auto& item : std::filesystem::directory_iterator(path_)) {
      if (item.path().filename() == "lock.mdb") continue;
      std::string bytes(item.file_size(), '\0');
      std::ifstream file(item.path(), std::ios::binary);
      file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      contents[item.path().filename()] = std::move(bytes);
    }
    return contents;
  }

  void ExpectRefusedUnchanged(ErrorCode code, std::string_view word) const {
    const auto before = Contents();
    const Status refused = Refused();
    EXPECT_TRUE(refused.Is(code)) << refused.ToString();
    EXPECT_NE(refused.ToString().find(word), std::string::npos)
        << refused.ToString();
    EXPECT_TRUE(Contents() == before);
  }

  // Overwrites bytes of data.mdb.
  void Overwrite(off_t at, std::string_view bytes) const {
    const int file = open(File("data.mdb").c_str(), O_WRONLY);
    ASSERT_EQ(pwrite(file, bytes.data(), bytes.size(), at),
              static_cast<ssize_t>(bytes.size()));
    close(file);
  }

  const TempDir parent_{"/dev/shm"};
  const std::string path_ = parent_.path() + "/cache";
  LmdbCacheOptions options_;
};

// LMDB writes to it through a map: without blocks, a full disk would be a
// SIGBUS.
TEST_F(OpenTest, TheTableOfReadersHasItsBlocks) {
  CreateCache();
  struct stat info = {};
  ASSERT_EQ(stat(File("lock.mdb").c_str(), &info), 0);
  EXPECT_GT(info.st_size, 64 * 1024);
  EXPECT_GE(info.st_blocks * 512, info.st_size);
}

TEST_F(OpenTest, CreatesTheDirectoryForThisUserAlone) {
  const mode_t before = umask(0);
  const auto cache = OpenLmdb(parent_.path() + "/created", options_);
  umask(before);
  const auto mode = [&](const std::string& name) {
    struct stat info = {};
    EXPECT_EQ(stat((parent_.path() + "/created" + name).c_str(), &info), 0);
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode(""), 0700u);
  EXPECT_EQ(mode("/data.mdb"), 0600u);
  EXPECT_EQ(mode("/lock.mdb"), 0600u);
  EXPECT_EQ(mode("/appcache.lane"), 0600u);
}

TEST_F(OpenTest, ADirectoryWithSeveralNamesIsOpenedOnce) {
  const auto cache = OpenLmdb(path_, options_);
  std::filesystem::create_directory_symlink(path_, parent_.path() + "/link");
  const auto same = OpenLmdb(parent_.path() + "/link/../cache/.", options_);
  ASSERT_TRUE(cache->backend()->SetRaw("p", "value", kNoTtl).ok());
  EXPECT_EQ(ValueIn(*same, "p"), "value");
  EXPECT_EQ(same->Traits().location, cache->Traits().location);
}

// A second environment would drop the locks of the first, because LMDB's locks
// belong to the process.
TEST_F(OpenTest, ARenamedDirectoryIsOpenedOnce) {
  const auto before = OpenLmdb(path_, options_);
  ASSERT_TRUE(before->backend()->SetRaw("p", "value", kNoTtl).ok());
  const std::string renamed = path_ + "-renamed";
  std::filesystem::rename(path_, renamed);
  const auto after = OpenLmdb(renamed, options_);
  EXPECT_EQ(after->backend()->GetRaw("p")->view(), "value");
  ASSERT_TRUE(before->backend()->SetRaw("p", "another", kNoTtl).ok());
  EXPECT_EQ(after->backend()->GetRaw("p")->view(), "another");
  LmdbCacheOptions other = options_;
  other.max_bytes *= 2;
  EXPECT_TRUE(
      LmdbCache::Open(renamed, other).status().Is(ErrorCode::kInvalidArgument));
}

TEST_F(OpenTest, ADirectoryThatWasReplacedIsAnotherOne) {
  const auto before = OpenLmdb(path_, options_);
  ASSERT_TRUE(before->backend()->SetRaw("p", "old", kNoTtl).ok());
  std::filesystem::remove_all(path_);
  {
    const auto after = OpenLmdb(path_, options_);
    EXPECT_FALSE(after->backend()->GetRaw("p").is_hit());
    ASSERT_TRUE(after->backend()->SetRaw("p", "new", kNoTtl).ok());
    EXPECT_EQ(before->backend()->GetRaw("p")->view(), "old");
  }
  EXPECT_EQ(OpenLmdb(path_, options_)->backend()->GetRaw("p")->view(), "new");
}

TEST_F(OpenTest, FilesThatThisUserMayNotWriteToAreUnavailable) {
  CreateCache();
  for (const char* const name : {"data.mdb", "lock.mdb", "appcache.lane"}) {
    ASSERT_EQ(chmod(File(name).c_str(), 0400), 0);
    {
      const WithoutPrivileges without;
      ExpectRefusedUnchanged(ErrorCode::kUnavailable,
                             "may not write to " + File(name));
      EXPECT_EQ(Refused().error().native_code, EACCES);
    }
    ASSERT_EQ(chmod(File(name).c_str(), 0600), 0);
  }
  EXPECT_EQ(ValueIn(*OpenLmdb(path_, options_), "p"), "value");
}

TEST_F(OpenTest, CachesOfOneProcessMustAgreeOnMaxBytes) {
  auto cache = OpenLmdb(path_, options_);
  options_.max_bytes *= 2;
  EXPECT_TRUE(Refused().Is(ErrorCode::kInvalidArgument));
  cache.reset();
  cache = OpenLmdb(path_, options_);
}

TEST_F(OpenTest, OptionsOutOfRangeAreInvalidArguments) {
  const auto expect_invalid = [&](LmdbCacheOptions options) {
    EXPECT_TRUE(LmdbCache::Open(path_, std::move(options))
                    .status()
                    .Is(ErrorCode::kInvalidArgument));
  };
  LmdbCacheOptions options;
  options.max_bytes = LmdbCacheOptions::kMinBytes - 1;
  expect_invalid(options);
  options.max_bytes = LmdbCacheOptions::kMaxBytes + 1;
  expect_invalid(options);
  options = {};
  options.busy_timeout = std::chrono::milliseconds(-1);
  expect_invalid(options);
  options.busy_timeout = std::chrono::hours(25);
  expect_invalid(options);
  options = {};
  options.cache.log = nullptr;
  expect_invalid(options);
  options = {};
  options.cache.compressor = nullptr;
  expect_invalid(options);
}

TEST_F(OpenTest, APathThatIsNotADirectoryOrHasNoParentIsUnavailable) {
  for (const std::string& name :
       {std::string(), parent_.path() + "/none/cache", std::string("/dev/null"),
        std::string("/dev/null/cache"), std::string("a\0b", 3)}) {
    const Status refused = LmdbCache::Open(name, options_).status();
    EXPECT_TRUE(refused.Is(ErrorCode::kUnavailable)) << refused.ToString();
  }
}

TEST_F(OpenTest, ADirectoryWithoutWritePermissionIsUnavailable) {
  const Status refused = LmdbCache::Open("/proc/appcache", options_).status();
  EXPECT_TRUE(refused.Is(ErrorCode::kUnavailable)) << refused.ToString();
  const Status within = LmdbCache::Open("/proc", options_).status();
  EXPECT_TRUE(within.Is(ErrorCode::kUnavailable)) << within.ToString();
}

TEST_F(OpenTest, ADatabaseOfAnotherProgramIsUnsupported) {
  PlainLmdb(path_).Put(nullptr, "a key", "another program's");
  ExpectRefusedUnchanged(ErrorCode::kUnsupported, "not appcache's");
  EXPECT_FALSE(std::filesystem::exists(File("appcache.lane")));
}

TEST_F(OpenTest, ADatabaseOfAnotherProgramInAFormerCacheIsUnsupported) {
  CreateCache();
  std::filesystem::remove(File("data.mdb"));
  PlainLmdb(path_).Put(nullptr, "a key", "another program's");
  const Status refused = Refused();
  EXPECT_TRUE(refused.Is(ErrorCode::kUnsupported)) << refused.ToString();
  EXPECT_EQ(PlainLmdb(path_).Get(nullptr, "a key"), "another program's");
}

TEST_F(OpenTest, ALockFileOfAnotherProgramIsUnsupported) {
  std::ofstream(File("appcache.lane")) << "a list of lanes";
  ExpectRefusedUnchanged(ErrorCode::kUnsupported, "not a lock file");
}

TEST_F(OpenTest, ANewerSchemaIsUnsupported) {
  CreateCache();
  PlainLmdb(path_).Put(nullptr, "schema", "appcache 2");
  ExpectRefusedUnchanged(ErrorCode::kUnsupported, "another version");
}

TEST_F(OpenTest, ATruncatedFileIsCorrupt) {
  {
    const auto cache = OpenLmdb(path_, options_);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(
          cache->backend()
              ->SetRaw(std::to_string(i), std::string(9000, 'v'), kNoTtl)
              .ok());
    }
  }
  std::filesystem::resize_file(File("data.mdb"), 50'000);
  ExpectRefusedUnchanged(ErrorCode::kCorrupt, "remove the directory");
  std::filesystem::resize_file(File("data.mdb"), 5000);
  ExpectRefusedUnchanged(ErrorCode::kCorrupt, "remove the directory");
  std::filesystem::remove_all(path_);
  CreateCache();
}

TEST_F(OpenTest, ADamagedMetaPageIsCorruptAndOneOfAnotherVersionUnsupported) {
  CreateCache();
  const std::string whole = Contents()["data.mdb"];
  // MDB_meta follows the page header of 16 bytes. It begins with a magic number
  // and a version.
  for (const off_t page : {0, 4096}) {
    Overwrite(page + 16, "no magic");
    ExpectRefusedUnchanged(ErrorCode::kCorrupt, "remove the directory");
    Overwrite(page + 16, std::string_view(whole).substr(page + 16, 4));
    Overwrite(page + 20, "\x63");
    ExpectRefusedUnchanged(ErrorCode::kUnsupported, "another version");
    Overwrite(page + 20, std::string_view(whole).substr(page + 20, 4));
  }
  EXPECT_EQ(ValueIn(*OpenLmdb(path_, options_), "p"), "value");
}

TEST_F(OpenTest, ZeroedPagesAreCorrupt) {
  CreateCache();
  const size_t size = Contents()["data.mdb"].size();
  Overwrite(2 * 4096, std::string(size - 2 * 4096, '\0'));
  ExpectRefusedUnchanged(ErrorCode::kCorrupt, "remove the directory");
}

TEST_F(OpenTest, EntriesSurviveReopening) {
  CreateCache();
  EXPECT_EQ(ValueIn(*OpenLmdb(path_, options_), "p"), "value");
}

}  // namespace
}  // namespace appcache::open_test
