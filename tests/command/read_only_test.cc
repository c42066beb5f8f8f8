// The commands that read, on a cache that this user may not write to.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "appcache/sqlite_cache.h"
#include "tests/command/command.h"

namespace appcache::command::read_only_test {
namespace {

using std::filesystem::perms;

class ReadOnlyTest : public CommandTest {
 protected:
  ReadOnlyTest() {
    std::filesystem::create_directory(Path("cache"));
    EXPECT_EQ(Run({"set", "a", "1", "--ttl", "1h", "--cache", cache_}).status,
              0);
    EXPECT_EQ(Run({"set", "b", "2", "--cache", cache_}).status, 0);
  }
  ~ReadOnlyTest() override {
    // So that it can be removed.
    std::filesystem::permissions(Path("cache"), perms::owner_all);
  }

  void MakeReadOnly() const {
    for (const auto& item :
         std::filesystem::directory_iterator(Path("cache"))) {
      std::filesystem::permissions(item.path(), perms::owner_read);
    }
    std::filesystem::permissions(Path("cache"),
                                 perms::owner_read | perms::owner_exec);
  }

  std::map<std::string, std::string> Files() const {
    std::map<std::string, std::string> files;
    for (const auto& item :
         std::filesystem::directory_iterator(Path("cache"))) {
      std::ifstream file(item.path(), std::ios::binary);
      files[item.path().filename()] = {std::istreambuf_iterator<char>(file),
                                       std::istreambuf_iterator<char>()};
    }
    return files;
  }

  // Runs the command on the cache without privileges, as it is and read-only.
  // Both print the same, and the second leaves every byte as it was.
  Output ExpectTheSame(Words words) {
    words.insert(words.end(), {"--cache", cache_});
    const Output with = Run(words);
    MakeReadOnly();
    const auto before = Files();
    Output without = RunWithoutPrivileges(words);
    EXPECT_EQ(without.status, with.status);
    EXPECT_EQ(without.err, "");
    EXPECT_TRUE(Files() == before);
    EXPECT_EQ(without.out, with.out);
    return without;
  }

  const std::string cache_ = Path("cache/app.db");
};

TEST_F(ReadOnlyTest, PermissionsBindInTheseTests) {
  MakeReadOnly();
  const Output set =
      RunWithoutPrivileges({"set", "a", "new", "--cache", cache_});
  EXPECT_EQ(set.status, 3);
  EXPECT_NE(set.err.find("this user may not write to " + cache_),
            std::string::npos)
      << set.err;
}

TEST_F(ReadOnlyTest, GetPrintsTheValue) {
  EXPECT_EQ(ExpectTheSame({"get", "a"}).out, "1");
}

TEST_F(ReadOnlyTest, GetOfAMissingKeyIsAMiss) {
  EXPECT_EQ(ExpectTheSame({"get", "none"}).status, 1);
}

TEST_F(ReadOnlyTest, TtlPrintsTheTtl) {
  EXPECT_EQ(ExpectTheSame({"ttl", "b"}).out, "never\n");
}

TEST_F(ReadOnlyTest, KeysListsTheKeys) { ExpectTheSame({"keys", "--json"}); }

TEST_F(ReadOnlyTest, CheckVerifies) {
  const Output check = ExpectTheSame({"check"});
  EXPECT_EQ(check.status, 0);
  EXPECT_NE(check.out.find("sound"), std::string::npos) << check.out;
}

TEST_F(ReadOnlyTest, CheckWithFixFails) {
  MakeReadOnly();
  const Output fix =
      RunWithoutPrivileges({"check", "--fix", "--cache", cache_});
  EXPECT_EQ(fix.status, 3);
  EXPECT_NE(fix.err.find("this user may not write to"), std::string::npos)
      << fix.err;
}

// Their output has times.
TEST_F(ReadOnlyTest, StatsTopPingAndDumpWork) {
  MakeReadOnly();
  const auto before = Files();
  const Output stats =
      RunWithoutPrivileges({"stats", "--json", "--cache", cache_});
  EXPECT_EQ(stats.status, 0) << stats.err;
  EXPECT_EQ(nlohmann::json::parse(stats.out)["entries"], 2);
  const Output top = RunWithoutPrivileges({"top", "--json", "--cache", cache_});
  EXPECT_EQ(top.status, 0) << top.err;
  EXPECT_EQ(nlohmann::json::parse(top.out)["entries"], 2);
  const Output ping =
      RunWithoutPrivileges({"ping", "--count", "1", "--cache", cache_});
  EXPECT_EQ(ping.status, 0) << ping.err;
  const Output dump =
      RunWithoutPrivileges({"dump", Path("copy.dump"), "--cache", cache_});
  EXPECT_EQ(dump.status, 0) << dump.err;
  EXPECT_TRUE(Files() == before);
  EXPECT_EQ(Run({"load", Path("copy.dump"), "--cache", Path("copy.db")}).status,
            0);
  EXPECT_EQ(Run({"get", "b", "--cache", Path("copy.db")}).out, "2");
}

TEST_F(ReadOnlyTest, ShowsWhatALiveWriterHasCommitted) {
  auto writer = SqliteCache::OpenFile(cache_);
  ASSERT_TRUE(writer.ok()) << writer.status().ToString();
  ASSERT_TRUE((*writer)->SetByStr<std::string>("a", "new").ok());
  ASSERT_GT(std::filesystem::file_size(cache_ + "-wal"), 0u);
  MakeReadOnly();
  const Output get = RunWithoutPrivileges({"get", "a", "--cache", cache_});
  EXPECT_EQ(get.out, "new") << get.err;
  const Output check = RunWithoutPrivileges({"check", "--cache", cache_});
  EXPECT_EQ(check.status, 0) << check.out << check.err;
  // The writer goes on.
  EXPECT_TRUE((*writer)->SetByStr<std::string>("a", "newer").ok());
}

TEST_F(ReadOnlyTest, ExecReplaysWhatItMayRead) {
  const Words options = {"--cache", cache_};
  EXPECT_EQ(Exec("echo recorded", options).out, "recorded\n");
  MakeReadOnly();
  const auto before = Files();
  const Output replayed =
      RunWithoutPrivileges(ExecWords("echo recorded", options));
  EXPECT_EQ(replayed.status, 0);
  EXPECT_EQ(replayed.out, "recorded\n");
  EXPECT_EQ(replayed.err, "");
  EXPECT_TRUE(Files() == before);
}

TEST_F(ReadOnlyTest, ExecRunsWhatIsNotRecorded) {
  MakeReadOnly();
  const auto before = Files();
  const Output ran =
      RunWithoutPrivileges(ExecWords("echo new; exit 7", {"--cache", cache_}));
  EXPECT_EQ(ran.status, 7);
  EXPECT_EQ(ran.out, "new\n");
  EXPECT_NE(
      ran.err.find("running without the cache: cannot write to " + cache_),
      std::string::npos)
      << ran.err;
  EXPECT_TRUE(Files() == before);
}

}  // namespace
}  // namespace appcache::command::read_only_test
