// Opening: what is refused, and whether the message says what to do.

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "tests/engine/probe.h"
#include "tests/engine/scratch.h"

namespace appcache::open_test {
namespace {

using std::chrono::milliseconds;

// That file cannot be opened, and why.
void ExpectError(const std::string& path, ErrorCode code,
                 const std::string& words) {
  const SqliteCache::Opened cache = SqliteCache::OpenFile(path);
  ASSERT_FALSE(cache.ok());
  EXPECT_EQ(cache.status().error().code, code) << cache.status().ToString();
  EXPECT_NE(cache.status().error().message.find(words), std::string::npos)
      << cache.status().ToString();
}

// max_bytes limits a path and its value together.
TEST(OpenLimitsTest, TheLargestValueFitsUnderAPathOfOneByte) {
  SqliteCacheOptions options;
  options.max_bytes = 1000;
  const auto cache = Must(SqliteCache::OpenInMemory(options, "largest value"));
  Backend& backend = *cache->backend();
  const size_t most = backend.Traits().max_value_bytes;
  EXPECT_EQ(most, 999u);
  EXPECT_TRUE(backend.SetRaw("p", std::string(most, 'v'), kNoTtl).ok());
  EXPECT_TRUE(backend.SetRaw("p", std::string(most + 1, 'v'), kNoTtl)
                  .Is(ErrorCode::kTooLarge));
}

TEST(OpenTest, MakesAFileAndItsLane) {
  const Scratch scratch;
  ASSERT_TRUE(SqliteCache::OpenFile(scratch.Path("cache.db")).ok());
  const auto files = scratch.Files();
  EXPECT_TRUE(files.contains("cache.db"));
  EXPECT_TRUE(files.contains("cache.db-lane"));
}

TEST(OpenTest, AMissingDirectoryIsUnavailable) {
  const Scratch scratch;
  const std::string path = scratch.Path("missing/cache.db");
  ExpectError(path, ErrorCode::kUnavailable,
              path +
                  ": unable to open database file; check that its "
                  "directory exists and that this user may write to it");
  EXPECT_TRUE(scratch.Files().empty());
}

TEST(OpenTest, ADirectoryIsUnavailable) {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.Path("cache.db"));
  ExpectError(scratch.Path("cache.db"), ErrorCode::kUnavailable, "cache.db");
  EXPECT_FALSE(std::filesystem::exists(scratch.Path("cache.db-lane")));
}

TEST(OpenTest, AFileForADirectoryIsUnavailable) {
  const Scratch scratch;
  Scratch::WriteAll(scratch.Path("file"), "text");
  ExpectError(scratch.Path("file/cache.db"), ErrorCode::kUnavailable,
              "file/cache.db");
  EXPECT_EQ(scratch.Files().size(), 1u);
}

TEST(OpenTest, AnEmptyPathIsAnInvalidArgument) {
  ExpectError("", ErrorCode::kInvalidArgument, "OpenInMemory");
}

TEST(OpenTest, APathWithANulIsAnInvalidArgument) {
  const Scratch scratch;
  ExpectError(scratch.Path(std::string("a\0b", 3)), ErrorCode::kInvalidArgument,
              "NUL");
  EXPECT_TRUE(scratch.Files().empty());
}

TEST(OpenTest, APathThatIsTooLongIsUnavailable) {
  const Scratch scratch;
  ExpectError(scratch.Path(std::string(5000, 'x')), ErrorCode::kUnavailable,
              "");
}

TEST(OpenTest, AnyOtherNameWillDo) {
  const Scratch scratch;
  for (const char* const name : {"with blank", "100%.db", "a?mode=memory", "#",
                                 "file:x", ":memory:", "\xc3\xa4.db", "a'b"}) {
    const SqliteCache::Opened cache = SqliteCache::OpenFile(scratch.Path(name));
    ASSERT_TRUE(cache.ok()) << cache.status().ToString();
    EXPECT_TRUE((*cache)->backend()->SetRaw("path", "value", kNoTtl).ok());
    EXPECT_TRUE(std::filesystem::exists(scratch.Path(name)));
  }
}

TEST(OpenTest, ARelativePathIsTheSameFileAsItsAbsoluteOne) {
  const Scratch scratch;
  const std::string absolute = scratch.Path("cache.db");
  const std::string relative = std::filesystem::relative(absolute).string();
  ASSERT_FALSE(std::filesystem::path(relative).is_absolute());
  const SqliteCache::Opened first = SqliteCache::OpenFile(relative);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_TRUE((*first)->backend()->SetRaw("path", "value", kNoTtl).ok());
  const SqliteCache::Opened second = SqliteCache::OpenFile(absolute);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ((*second)->backend()->GetRaw("path")->view(), "value");
  // One engine: they count together.
  EXPECT_EQ((*first)->Stats().hits, 1u);
}

TEST(OpenTest, ALinkIsTheSameFileAsItsTarget) {
  const Scratch scratch;
  const std::string link = scratch.Path("link.db");
  const SqliteCache::Opened first =
      SqliteCache::OpenFile(scratch.Path("cache.db"));
  std::filesystem::create_symlink(scratch.Path("cache.db"), link);
  const SqliteCache::Opened second = SqliteCache::OpenFile(link);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_TRUE((*second)->backend()->SetRaw("path", "value", kNoTtl).ok());
  EXPECT_EQ((*first)->Stats().sets, 1u);
  EXPECT_FALSE(std::filesystem::exists(link + "-lane"));
}

TEST(OpenTest, SomeonesFileInPlaceOfTheLaneIsLeftAsItIs) {
  const Scratch scratch;
  Scratch::WriteAll(scratch.Path("cache.db-lane"), "precious text of mine");
  ExpectError(scratch.Path("cache.db"), ErrorCode::kUnsupported,
              "cache.db-lane is not a lock file of appcache");
  EXPECT_EQ(Scratch::ReadAll(scratch.Path("cache.db-lane")),
            "precious text of mine");
}

TEST(OpenTest, MoreThanTheLimitsAllowIsEvictedInTheOrderOfUse) {
  const Scratch scratch;
  SqliteCacheOptions options;
  {
    const auto cache = Must(SqliteCache::OpenFile(scratch.Path("c"), options));
    std::vector<std::string> paths;
    for (int i = 0; i < 5000; ++i) paths.push_back(std::to_string(i));
    std::vector<RawEntry> entries;
    for (const std::string& path : paths) entries.push_back({path, "value"});
    ASSERT_TRUE(cache->backend()->SetManyRaw(entries).ok());
  }
  options.max_entries = 3;
  const auto cache = Must(SqliteCache::OpenFile(scratch.Path("c"), options));
  EXPECT_EQ(PathsIn(*cache), (StringSet{"4997", "4998", "4999"}));
}

struct Refused {
  const char* name;
  std::function<void(SqliteCacheOptions&)> change;
  const char* words;
};

class OptionsTest : public testing::TestWithParam<Refused> {};

// In memory, in a file and on a connection alike, and before anything is made.
TEST_P(OptionsTest, OutOfRangeAreAnInvalidArgument) {
  const Scratch scratch;
  SqliteCacheOptions options;
  GetParam().change(options);
  for (const SqliteCache::Opened& cache :
       {SqliteCache::OpenInMemory(options, "refused"),
        SqliteCache::OpenFile(scratch.Path("cache.db"), options),
        SqliteCache::OpenOn(nullptr, options)}) {
    ASSERT_FALSE(cache.ok());
    EXPECT_EQ(cache.status().error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(cache.status().error().message.find(GetParam().words),
              std::string::npos)
        << cache.status().ToString();
  }
  EXPECT_TRUE(scratch.Files().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Each, OptionsTest,
    testing::Values(
        Refused{"NoLog", [](auto& o) { o.cache.log = nullptr; },
                "the log sink is empty"},
        Refused{"NoCompressor", [](auto& o) { o.cache.compressor = nullptr; },
                "the compressor is null"},
        Refused{"NoEntries", [](auto& o) { o.max_entries = 0; },
                "max_entries is 0; it must be from 1"},
        Refused{"TooManyEntries", [](auto& o) { o.max_entries = ~uint64_t{0}; },
                "max_entries is 18446744073709551615"},
        Refused{"NoBytes", [](auto& o) { o.max_bytes = 0; },
                "max_bytes is 0; it must be from 1"},
        Refused{"NoTouches", [](auto& o) { o.touch_flush_count = 0; },
                "touch_flush_count is 0"},
        Refused{"NoLogBytes", [](auto& o) { o.max_log_bytes = 0; },
                "max_log_bytes is 0; it must be from 1"},
        Refused{"NegativeTimeout",
                [](auto& o) { o.busy_timeout = milliseconds(-1); },
                "busy_timeout is -1 ms; it must be from 0 ms to a year"},
        Refused{"NoFlushInterval",
                [](auto& o) { o.touch_flush_interval = milliseconds(0); },
                "touch_flush_interval is 0 ms; it must be from 1 ms"},
        Refused{"EndlessFlushInterval",
                [](auto& o) { o.touch_flush_interval = milliseconds::max(); },
                "touch_flush_interval"},
        Refused{"NoSweepInterval",
                [](auto& o) { o.expiry_sweep_interval = milliseconds(0); },
                "expiry_sweep_interval is 0 ms"},
        Refused{"UnknownVfs", [](auto& o) { o.vfs = "no-such"; },
                "no SQLite VFS is registered under the name \"no-such\""}),
    [](const testing::TestParamInfo<Refused>& info) {
      return std::string(info.param.name);
    });

}  // namespace
}  // namespace appcache::open_test
