#include "tools/command/cache/location.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace appcache::command::location_test {
namespace {

// The path of a SQLite file.
std::string FileOf(std::string_view text) {
  const auto uri = ParseCacheUri(text);
  if (!uri.ok()) return uri.status().ToString();
  EXPECT_EQ(uri->scheme, "sqlite") << text;
  return uri->path;
}

TEST(LocationTest, APathCanHaveASchemeOrNone) {
  EXPECT_EQ(FileOf("sqlite:cache.db"), "cache.db");
  EXPECT_EQ(FileOf("sqlite:/var/cache.db?max_entries=1"), "/var/cache.db");
  EXPECT_EQ(FileOf("/var/cache.db"), "/var/cache.db");
  EXPECT_EQ(FileOf("cache.db"), "cache.db");
}

TEST(LocationTest, AColonInAPathIsNotAScheme) {
  EXPECT_EQ(FileOf("./a:b.db"), "./a:b.db");
  EXPECT_EQ(FileOf("/a:b.db"), "/a:b.db");
  EXPECT_EQ(FileOf("sqlite:a:b.db"), "a:b.db");
  EXPECT_EQ(FileOf("1:b.db"), "1:b.db");
  EXPECT_EQ(FileOf("./a://b.db"), "./a://b.db");
  EXPECT_EQ(FileOf("/a://b.db"), "/a://b.db");
}

TEST(LocationTest, OnlyUrisHaveEscapesAndOptions) {
  EXPECT_EQ(FileOf("a%20b?c#d.db"), "a%20b?c#d.db");
  EXPECT_EQ(FileOf("sqlite:a%20b%3fc.db"), "a b?c.db");
  EXPECT_FALSE(ParseCacheUri("sqlite:a%2.db").ok());
  EXPECT_FALSE(ParseCacheUri("redis://h?x").ok());
}

TEST(LocationTest, TheUriOfAServerIsParsed) {
  const auto uri = ParseCacheUri("REDIS://ada:secret@host:1/2?timeout=1s");
  ASSERT_TRUE(uri.ok());
  EXPECT_EQ(uri->scheme, "redis");
  EXPECT_EQ(uri->hosts[0].name, "host");
  EXPECT_FALSE(IsInFile(*uri));
  EXPECT_TRUE(IsInFile(*ParseCacheUri("lmdb:path")));
  EXPECT_TRUE(IsInFile(*ParseCacheUri("path")));
}

TEST(LocationTest, AnUnknownSchemeListsTheKnownOnes) {
  for (const char* const text :
       {"secret://localhost", "x-y.z+1:secret", "secret:x@host",
        " redis://ada:secret@host", "\"redis://ada:secret@host\"",
        "\tmemcached://secret@host", "-redis+unix://:secret@/socket"}) {
    const auto uri = ParseCacheUri(text);
    ASSERT_FALSE(uri.ok()) << text;
    EXPECT_TRUE(uri.status().Is(ErrorCode::kInvalidArgument));
    const std::string& message = uri.error().message;
    EXPECT_NE(message.find("sqlite:PATH"), std::string::npos);
    EXPECT_NE(message.find("redis://"), std::string::npos);
    EXPECT_EQ(message.find("secret"), std::string::npos) << message;
  }
}

TEST(LocationTest, APathWithoutAFileNameIsAnError) {
  EXPECT_FALSE(ParseCacheUri("").ok());
  EXPECT_FALSE(ParseCacheUri("sqlite:").ok());
  EXPECT_FALSE(ParseCacheUri("lmdb:").ok());
  EXPECT_FALSE(ParseCacheUri("sqlite://host/cache.db").ok());
  EXPECT_FALSE(ParseCacheUri(std::string("a\0b", 3)).ok());
}

TEST(LocationTest, AnInMemoryCacheIsAnError) {
  for (const char* const text :
       {":memory:", "sqlite::memory:", "memory:name", "memory:"}) {
    const auto uri = ParseCacheUri(text);
    ASSERT_FALSE(uri.ok()) << text;
    EXPECT_NE(uri.error().message.find("lost when the command exits"),
              std::string::npos);
  }
}

TEST(LocationTest, TheDefaultFollowsTheXdgSpecification) {
  EXPECT_EQ(*UserCacheDirectory("/x", "/home/ada"), "/x/appcache/");
  EXPECT_EQ(*UserCacheDirectory(nullptr, "/home/ada"),
            "/home/ada/.cache/appcache/");
  EXPECT_EQ(*UserCacheDirectory("", "/home/ada"), "/home/ada/.cache/appcache/");
  EXPECT_EQ(*UserCacheDirectory("relative", "/home/ada"),
            "/home/ada/.cache/appcache/");
}

TEST(LocationTest, WithoutXdgCacheHomeAndHomeThereIsNoDefault) {
  const auto path = UserCacheDirectory(nullptr, nullptr);
  ASSERT_FALSE(path.ok());
  EXPECT_TRUE(path.status().Is(ErrorCode::kUnavailable));
  EXPECT_NE(path.error().message.find("--cache"), std::string::npos);
  EXPECT_FALSE(UserCacheDirectory("", "").ok());
}

TEST(LocationTest, ACacheIsTrustedUnlessEveryoneMayWriteToIt) {
  const TempDir dir;
  const std::string file = dir.path() + "/c.db";
  const std::string link = dir.path() + "/link.db";
  ASSERT_EQ(symlink("c.db", link.c_str()), 0);
  EXPECT_TRUE(CheckTrusted(file, geteuid()).ok());
  EXPECT_TRUE(CheckTrusted(dir.path() + "/no/c.db", geteuid()).ok());
  std::ofstream(file) << "text";
  for (const std::string& path : {file, link}) {
    EXPECT_TRUE(CheckTrusted(path, geteuid()).ok());
    ASSERT_EQ(chmod(file.c_str(), 0602), 0);
    EXPECT_TRUE(CheckTrusted(path, geteuid()).Is(ErrorCode::kUnavailable));
    ASSERT_EQ(chmod(file.c_str(), 0660), 0);
    EXPECT_TRUE(CheckTrusted(path, geteuid()).ok());
    ASSERT_EQ(chmod(dir.path().c_str(), 0707), 0);
    EXPECT_FALSE(CheckTrusted(path, geteuid()).ok());
    ASSERT_EQ(chmod(dir.path().c_str(), 01777), 0);
    EXPECT_TRUE(CheckTrusted(path, geteuid()).ok());
  }
}

TEST(LocationTest, TheDirectoryOfARelativePathIsCheckedToo) {
  const TempDir dir;
  ASSERT_EQ(chmod(dir.path().c_str(), 0707), 0);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  for (const char* const path : {"new.db", "./new.db"}) {
    EXPECT_FALSE(CheckTrusted(path, geteuid()).ok()) << path;
  }
  std::filesystem::current_path(before);
}

TEST(LocationTest, AFileOfAnotherUserIsNotTrusted) {
  constexpr uid_t kUser = 1000;
  EXPECT_TRUE(IsTrusted(kUser, 0644, kUser));
  EXPECT_TRUE(IsTrusted(0, 0644, kUser));
  EXPECT_FALSE(IsTrusted(1001, 0600, kUser));
  EXPECT_FALSE(IsTrusted(1001, 0600, 0));  // root, with sudo
  EXPECT_FALSE(IsTrusted(kUser, 0646, kUser));
  EXPECT_TRUE(IsTrusted(0, 01777, kUser));
}

TEST(LocationTest, ACacheDirectoryThatOthersMayWriteToIsNotUsed) {
  const TempDir dir;
  const std::string path = dir.path() + "/cache/";
  EXPECT_TRUE(PrepareUserCacheDirectory(path).ok());
  for (const mode_t mode : {0720, 0702, 0777}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    const Status status = PrepareUserCacheDirectory(path);
    EXPECT_TRUE(status.Is(ErrorCode::kUnavailable));
    EXPECT_NE(status.message().find("chmod"), std::string::npos);
  }
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  EXPECT_TRUE(PrepareUserCacheDirectory(path).ok());
}

TEST(LocationTest, DirectoriesAreCreatedForTheUserOnly) {
  const TempDir dir;
  ASSERT_TRUE(CreatePrivateDirectories(dir.path() + "/a/b/cache.db").ok());
  for (const char* const created : {"/a", "/a/b"}) {
    struct stat info;
    ASSERT_EQ(stat((dir.path() + created).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700u);
  }
  EXPECT_TRUE(CreatePrivateDirectories(dir.path() + "/a/b/cache.db").ok());
}

// As with sudo, which may keep HOME.
TEST(LocationTest, RootCreatesNoDirectoryInTheHomeOfAnotherUser) {
  const TempDir home;
  // Only root may give the directory away.
  const bool is_given = chown(home.path().c_str(), 12345, 54321) == 0;
  const Status status =
      PrepareUserCacheDirectory(home.path() + "/.cache/appcache/");
  EXPECT_EQ(status.ok(), !is_given) << status.ToString();
  EXPECT_EQ(access((home.path() + "/.cache").c_str(), F_OK) == 0, !is_given);
}

TEST(LocationTest, TheErrorForADirectoryNamesIt) {
  const auto created = CreatePrivateDirectories("/dev/null/a/cache.db");
  ASSERT_FALSE(created.ok());
  EXPECT_NE(created.error().message.find("/dev/null"), std::string::npos);
}

}  // namespace
}  // namespace appcache::command::location_test
