// OpenInMemoryFrom: the files and names that it does not take. Nothing is left
// of an attempt, and no byte of the file changes.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "appcache/sqlite_cache.h"
#include "engine/store/schema.h"
#include "tests/engine/plain_sqlite.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"
#include "tests/engine/without_privileges.h"

namespace appcache::warm_start_refusal_test {
namespace {

using std::filesystem::perms;

constexpr size_t kPageBytes = 4096;

class WarmStartRefusalTest : public testing::Test {
 protected:
  ~WarmStartRefusalTest() override {
    // So that it can be removed.
    std::filesystem::permissions(scratch_.directory(), perms::owner_all);
  }

  // The bytes of a closed cache, in a file without any beside it.
  void MakeCache() {
    const std::string made = scratch_.Path("made.db");
    {
      const auto cache = Must(SqliteCache::OpenFile(made));
      for (int i = 0; i < 200; ++i) {
        Set(*cache, "some/path/" + std::to_string(i),
            "value " + std::string(300, '.'));
      }
    }
    std::filesystem::rename(made, file_);
    for (const char* const suffix : {"-wal", "-shm", "-lane"}) {
      std::filesystem::remove(made + suffix);
    }
  }

  SqliteCache::Opened Open() const {
    return SqliteCache::OpenInMemoryFrom(file_, {}, "warm");
  }

  void ExpectRefused(ErrorCode code, const std::string& words) {
    const std::map<std::string, std::string> before = scratch_.Files();
    for (int i = 0; i < 2; ++i) {
      const Status status = Open().status();
      EXPECT_TRUE(status.Is(code)) << status.ToString();
      EXPECT_NE(status.ToString().find(words), std::string::npos)
          << status.ToString();
      EXPECT_FALSE(SqliteCache::ConnectInMemory("warm").ok());
      EXPECT_TRUE(scratch_.Files() == before);
    }
    // The name is free.
    Set(*Must(SqliteCache::OpenInMemory({}, "warm")), "a");
  }

  const std::string kNotACache =
      "it is not an appcache, and is left unchanged; use another database";

  const Scratch scratch_;
  const std::string file_ = scratch_.Path("cache.db");
};

TEST_F(WarmStartRefusalTest, ANameThatIsOpenIsAnInvalidArgument) {
  MakeCache();
  const auto cache = Must(SqliteCache::OpenInMemory({}, "warm"));
  Set(*cache, "a");
  const Status status = Open().status();
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
  EXPECT_NE(status.ToString().find("open already; close it, or give another"),
            std::string::npos)
      << status.ToString();
  EXPECT_EQ(PathsIn(*cache), StringSet{"a"});
}

TEST_F(WarmStartRefusalTest, ANameThatAConnectionKeepsIsAnInvalidArgument) {
  MakeCache();
  auto cache = Must(SqliteCache::OpenInMemory({}, "warm"));
  Set(*cache, "a");
  PlainSqlite keeper(*SqliteCache::ConnectInMemory("warm"));
  cache.reset();
  const Status status = Open().status();
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
  EXPECT_NE(status.ToString().find("the in-memory cache \"warm\" exists "
                                   "already; close it and the connections"),
            std::string::npos)
      << status.ToString();
  EXPECT_EQ(keeper.Int("SELECT count(*) FROM entries"), 1);
  keeper.Close();
  EXPECT_EQ((*Open())->Stats().entries, 200u);
}

TEST_F(WarmStartRefusalTest, AnInvalidOptionIsAnInvalidArgument) {
  MakeCache();
  SqliteCacheOptions options;
  options.max_entries = 0;
  const Status status =
      SqliteCache::OpenInMemoryFrom(file_, options, "warm").status();
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
  EXPECT_FALSE(SqliteCache::ConnectInMemory("warm").ok());
}

TEST_F(WarmStartRefusalTest, APathThatNamesNoFileIsAnInvalidArgument) {
  const Status status = SqliteCache::OpenInMemoryFrom("", {}, "warm").status();
  EXPECT_TRUE(status.Is(ErrorCode::kInvalidArgument)) << status.ToString();
}

TEST_F(WarmStartRefusalTest, AMissingFileIsUnavailable) {
  ExpectRefused(ErrorCode::kUnavailable, "cannot open " + file_);
}

TEST_F(WarmStartRefusalTest, AMissingDirectoryIsUnavailable) {
  const Status status =
      SqliteCache::OpenInMemoryFrom(scratch_.Path("no/such.db"), {}, "warm")
          .status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_FALSE(SqliteCache::ConnectInMemory("warm").ok());
}

TEST_F(WarmStartRefusalTest, ADirectoryIsUnavailable) {
  const std::string directory = scratch_.Path("directory");
  std::filesystem::create_directory(directory);
  const Status status =
      SqliteCache::OpenInMemoryFrom(directory, {}, "warm").status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  std::filesystem::remove(directory);
}

TEST_F(WarmStartRefusalTest, AFileThatMayNotBeReadIsUnavailable) {
  MakeCache();
  std::filesystem::permissions(file_, perms::none);
  const WithoutPrivileges without;
  const Status status = Open().status();
  EXPECT_TRUE(status.Is(ErrorCode::kUnavailable)) << status.ToString();
  EXPECT_NE(status.ToString().find(file_), std::string::npos);
  EXPECT_FALSE(SqliteCache::ConnectInMemory("warm").ok());
}

TEST_F(WarmStartRefusalTest, AnEmptyFileIsUnsupported) {
  Scratch::WriteAll(file_, "");
  ExpectRefused(ErrorCode::kUnsupported, kNotACache);
}

TEST_F(WarmStartRefusalTest, TextIsUnsupported) {
  Scratch::WriteAll(file_, "# Notes\n\nNot a database.\n");
  ExpectRefused(ErrorCode::kUnsupported, kNotACache);
}

TEST_F(WarmStartRefusalTest, OneByteIsUnsupported) {
  Scratch::WriteAll(file_, "x");
  ExpectRefused(ErrorCode::kUnsupported, kNotACache);
}

TEST_F(WarmStartRefusalTest, ADatabaseOfSomeoneElseIsUnsupported) {
  for (const char* const mode : {"DELETE", "WAL"}) {
    SCOPED_TRACE(mode);
    PlainSqlite plain(file_);
    plain.Run(std::string("PRAGMA journal_mode = ") + mode);
    plain.Run("CREATE TABLE IF NOT EXISTS people(name)");
    plain.Close();
    ExpectRefused(ErrorCode::kUnsupported, kNotACache);
  }
}

TEST_F(WarmStartRefusalTest, ANewerVersionIsUnsupported) {
  const std::string newer = std::to_string(store::kSchemaVersion + 1);
  for (const std::string& sql : {"PRAGMA user_version = " + newer,
                                 "UPDATE meta SET schema_version = " + newer}) {
    SCOPED_TRACE(sql);
    MakeCache();
    PlainSqlite plain(file_);
    plain.Run(sql);
    plain.Close();
    ExpectRefused(ErrorCode::kUnsupported, "newer version of appcache");
  }
}

TEST_F(WarmStartRefusalTest, DamagedPagesAreCorrupt) {
  MakeCache();
  const std::string bytes = Scratch::ReadAll(file_);
  int damaged = 0;
  for (size_t at = kPageBytes; at < bytes.size(); at += kPageBytes) {
    const std::string_view page =
        std::string_view(bytes).substr(at, kPageBytes);
    if (page.find("value ") == std::string_view::npos) continue;
    // A single page, one after the other.
    if (++damaged > 5) break;
    Scratch::WriteAll(file_, bytes);
    Scratch::Overwrite(file_, at, std::string(kPageBytes, '\x5a'));
    ExpectRefused(ErrorCode::kCorrupt,
                  "cannot open " + file_ + ": it is damaged");
  }
  EXPECT_GT(damaged, 3);
}

TEST_F(WarmStartRefusalTest, ADamagedSchemaIsCorrupt) {
  MakeCache();
  Scratch::Overwrite(file_, 100, std::string(kPageBytes - 100, '\x5a'));
  ExpectRefused(ErrorCode::kCorrupt, "it is damaged");
}

TEST_F(WarmStartRefusalTest, AMissingTableIsCorrupt) {
  MakeCache();
  PlainSqlite plain(file_);
  plain.Run("DROP TABLE usage");
  plain.Close();
  ExpectRefused(ErrorCode::kCorrupt, "it is damaged");
}

TEST_F(WarmStartRefusalTest, ATruncatedFileOfANewerVersionIsUnsupported) {
  MakeCache();
  PlainSqlite plain(file_);
  plain.Run("PRAGMA user_version = " +
            std::to_string(store::kSchemaVersion + 1));
  plain.Close();
  std::filesystem::resize_file(file_, 3 * kPageBytes);
  ExpectRefused(ErrorCode::kUnsupported, "newer version of appcache");
}

TEST_F(WarmStartRefusalTest, ATruncatedFileOfSomeoneElseIsUnsupported) {
  PlainSqlite plain(file_);
  plain.Run("CREATE TABLE people(name); CREATE TABLE pets(name)");
  plain.Close();
  std::filesystem::resize_file(file_, kPageBytes);
  ExpectRefused(ErrorCode::kUnsupported, kNotACache);
}

TEST_F(WarmStartRefusalTest, ATruncatedFileIsCorrupt) {
  MakeCache();
  // Behind its last page, the file only has space.
  const auto pages =
      static_cast<size_t>(PlainSqlite(file_).Int("PRAGMA page_count"));
  const std::string bytes = Scratch::ReadAll(file_);
  for (const size_t size : {size_t{1000}, kPageBytes, 3 * kPageBytes,
                            pages / 2 * kPageBytes, (pages - 1) * kPageBytes}) {
    SCOPED_TRACE(size);
    Scratch::WriteAll(file_, std::string_view(bytes).substr(0, size));
    ExpectRefused(ErrorCode::kCorrupt, "cannot open " + file_);
  }
}

}  // namespace
}  // namespace appcache::warm_start_refusal_test
