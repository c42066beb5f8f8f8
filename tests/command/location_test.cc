#include "tools/command/location.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace appcache::command {
namespace {

TEST(LocationTest, APathMayHaveTheSchemeOrNone) {
  EXPECT_EQ(*ParseCacheUri("sqlite:cache.db"), "cache.db");
  EXPECT_EQ(*ParseCacheUri("sqlite:/var/cache.db"), "/var/cache.db");
  EXPECT_EQ(*ParseCacheUri("/var/cache.db"), "/var/cache.db");
  EXPECT_EQ(*ParseCacheUri("cache.db"), "cache.db");
}

TEST(LocationTest, AColonInAPathIsNoScheme) {
  EXPECT_EQ(*ParseCacheUri("./a:b.db"), "./a:b.db");
  EXPECT_EQ(*ParseCacheUri("/a:b.db"), "/a:b.db");
  EXPECT_EQ(*ParseCacheUri("sqlite:a:b.db"), "a:b.db");
  EXPECT_EQ(*ParseCacheUri("1:b.db"), "1:b.db");
}

TEST(LocationTest, AnUnknownSchemeIsToldWhatIsKnown) {
  for (const char* const uri : {"redis://localhost", "x-y.z+1:p", "file:a"}) {
    const auto path = ParseCacheUri(uri);
    ASSERT_FALSE(path.ok()) << uri;
    EXPECT_TRUE(path.status().Is(ErrorCode::kInvalidArgument));
    EXPECT_NE(path.error().message.find("sqlite:PATH"), std::string::npos);
  }
}

TEST(LocationTest, APathThatNamesNoFileIsRefused) {
  EXPECT_FALSE(ParseCacheUri("").ok());
  EXPECT_FALSE(ParseCacheUri("sqlite:").ok());
  EXPECT_FALSE(ParseCacheUri(std::string("a\0b", 3)).ok());
  EXPECT_FALSE(ParseCacheUri(":memory:").ok());
  EXPECT_FALSE(ParseCacheUri("sqlite::memory:").ok());
}

TEST(LocationTest, TheDefaultIsWhereTheXdgSpecificationSays) {
  EXPECT_EQ(*DefaultCachePath("/x", "/home/ada"), "/x/appcache/cache.db");
  EXPECT_EQ(*DefaultCachePath(nullptr, "/home/ada"),
            "/home/ada/.cache/appcache/cache.db");
  EXPECT_EQ(*DefaultCachePath("", "/home/ada"),
            "/home/ada/.cache/appcache/cache.db");
  EXPECT_EQ(*DefaultCachePath("relative", "/home/ada"),
            "/home/ada/.cache/appcache/cache.db");
}

TEST(LocationTest, WithoutAHomeThereIsNoDefault) {
  const auto path = DefaultCachePath(nullptr, nullptr);
  ASSERT_FALSE(path.ok());
  EXPECT_NE(path.error().message.find("--cache"), std::string::npos);
}

TEST(LocationTest, DirectoriesAreMadeForTheUserAlone) {
  const TempDir dir;
  ASSERT_TRUE(MakePrivateDirectory(dir.path() + "/a/b/cache.db").ok());
  for (const char* const made : {"/a", "/a/b"}) {
    struct stat info;
    ASSERT_EQ(stat((dir.path() + made).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
  }
  EXPECT_TRUE(MakePrivateDirectory(dir.path() + "/a/b/cache.db").ok());
}

TEST(LocationTest, ADirectoryThatCannotBeMadeIsNamed) {
  const auto made = MakePrivateDirectory("/dev/null/a/cache.db");
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().message.find("/dev/null"), std::string::npos);
}

}  // namespace
}  // namespace appcache::command
