// Commands that list entries, on caches with a damaged one.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "tests/command/command.h"

namespace appcache::command::damaged_entry_test {
namespace {

using Json = nlohmann::json;

struct Location {
  std::string cache;
  std::string file;
};
// A small LMDB cache: the file is read as a whole.
const Location kSqlite{"cache.db", "cache.db"};
const Location kLmdb{"lmdb:directory?max_bytes=4MiB", "directory/data.mdb"};

class DamagedEntryTest : public CommandTest {
 protected:
  DamagedEntryTest() { std::filesystem::create_directory(Path("directory")); }

  // Inverts the byte `offset` after the beginning of `text`, wherever the file
  // has it. (LMDB may have it in pages that are free, too.)
  void Damage(const Location& location, std::string_view text,
              size_t offset = 0) const {
    std::string bytes = ReadFile(location.file);
    size_t at = bytes.find(text);
    ASSERT_NE(at, std::string::npos);
    for (; at != std::string::npos; at = bytes.find(text, at + 1)) {
      char& damaged = bytes.at(at + offset);
      damaged = static_cast<char>(~damaged);
    }
    WriteFile(location.file, bytes);
  }

  void SetTwo(const Location& location) {
    Run({"set", "--cache", location.cache, "a", "the sound value"});
    Run({"set", "--cache", location.cache, "b", "the damaged value"});
  }
  void DamageHead() {
    // The record follows its key: the version, the flags, and the sequence
    // number, which the checksum of the head covers.
    Damage(kLmdb, std::string_view("pyappcache/b\2\0", 14), 14);
  }
};

TEST_F(DamagedEntryTest, KeysAndTopReadNoValuesAndListAllEntries) {
  for (const Location& location : {kSqlite, kLmdb}) {
    SCOPED_TRACE(location.cache);
    SetTwo(location);
    Damage(location, "the damaged value");
    const Output keys = Run({"keys", "--json", "--cache", location.cache});
    EXPECT_EQ(keys.status, 0);
    EXPECT_EQ(keys.err, "");
    EXPECT_EQ(Json::parse(keys.out).size(), 2u);
    const Output top = Run({"top", "--json", "--cache", location.cache});
    EXPECT_EQ(top.status, 0);
    EXPECT_EQ(top.err, "");
    EXPECT_EQ(Json::parse(top.out)["top"].size(), 2u);
    EXPECT_EQ(Run({"get", "--cache", location.cache, "b"}).status, 3);
  }
}

TEST_F(DamagedEntryTest, KeysPrintsTheOthersAndFails) {
  SetTwo(kLmdb);
  DamageHead();
  const Output keys = Run({"keys", "--cache", kLmdb.cache});
  EXPECT_EQ(keys.status, 3);
  EXPECT_EQ(keys.out, "pyappcache/a\n");
  EXPECT_NE(keys.err.find("1 damaged records"), std::string::npos) << keys.err;
  EXPECT_NE(keys.err.find("left out"), std::string::npos) << keys.err;
  const Output json = Run({"keys", "--json", "--cache", kLmdb.cache});
  EXPECT_EQ(json.status, 3);
  const Json listed = Json::parse(json.out);
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["key"], "pyappcache/a");
  EXPECT_EQ(Run({"keys", "--cache", kLmdb.cache, "b*"}).status, 3);
  EXPECT_EQ(Run({"keys", "--cache", kLmdb.cache, "--limit", "1"}).out,
            "pyappcache/a\n");
}

TEST_F(DamagedEntryTest, TopPrintsTheOthersAndFails) {
  SetTwo(kLmdb);
  DamageHead();
  const Output top = Run({"top", "--cache", kLmdb.cache});
  EXPECT_EQ(top.status, 3);
  EXPECT_NE(top.out.find("pyappcache/a\n"), std::string::npos) << top.out;
  EXPECT_EQ(top.out.find("pyappcache/b"), std::string::npos) << top.out;
  EXPECT_NE(top.err.find("1 damaged records"), std::string::npos) << top.err;
  const Output json = Run({"top", "--json", "--cache", kLmdb.cache});
  EXPECT_EQ(json.status, 3);
  EXPECT_EQ(Json::parse(json.out)["top"].size(), 1u);
}

TEST_F(DamagedEntryTest, MatchingEntriesBesideItAreRemoved) {
  SetTwo(kLmdb);
  DamageHead();
  const Output removed =
      Run({"del", "--matching", "*", "--cache", kLmdb.cache});
  EXPECT_EQ(removed.status, 3);
  EXPECT_NE(removed.err.find("1 damaged records"), std::string::npos)
      << removed.err;
  EXPECT_EQ(Run({"keys", "--cache", kLmdb.cache}).out, "");
}

TEST_F(DamagedEntryTest, ListedRunsAreThoseBesideItWithAWarning) {
  for (const Location& location : {kSqlite, kLmdb}) {
    SCOPED_TRACE(location.cache);
    for (const char* const output : {"the sound output", "the broken output"}) {
      EXPECT_EQ(Run({"exec", "--cache", location.cache, "--", "sh", "-c",
                     "printf \"the $1\"", "sh", output + 4})
                    .status,
                0);
    }
    Damage(location, "the broken output");
    const Output list =
        Run({"exec", "--list", "--json", "--cache", location.cache});
    EXPECT_EQ(list.status, 0);
    EXPECT_NE(list.err.find("warning: "), std::string::npos) << list.err;
    EXPECT_NE(list.err.find("left"), std::string::npos) << list.err;
    const Json runs = Json::parse(list.out);
    ASSERT_EQ(runs.size(), 1u);
    EXPECT_EQ(runs[0]["command"].back(), "sound output");
  }
}

}  // namespace
}  // namespace appcache::command::damaged_entry_test
