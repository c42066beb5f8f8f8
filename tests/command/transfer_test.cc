// appcache dump and load.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command::transfer_test {
namespace {

using Json = nlohmann::json;

class TransferTest : public CommandTest {
 protected:
  void SetUp() override {
    Set({"--ttl", "1h", "a", "value of a"});
    Set({"--compress", "b", std::string(5000, 'b')});
    Set({"--key-path", std::string("c\n\xff"), std::string("\xfe\n")});
    Set({"large", std::string(100'000, 'l')});
  }

  void Set(Words words) {
    words.insert(words.begin(), {"set", "--cache", "old.db"});
    EXPECT_EQ(Run(words).status, 0);
  }

  Output Dump() { return Run({"dump", "--cache", "old.db", "dump"}); }
};

TEST_F(TransferTest, ALoadRestoresValuesAndTtls) {
  EXPECT_EQ(Dump().out, "4 entries dumped\n");
  const Output loaded = Run({"load", "--cache", "new.db", "dump"});
  EXPECT_EQ(loaded.status, 0);
  EXPECT_EQ(loaded.out, "4 entries loaded\n");
  EXPECT_EQ(loaded.err, "");  // no progress bar, because this is not a terminal
  EXPECT_EQ(Run({"get", "--cache", "new.db", "a"}).out, "value of a");
  EXPECT_LE(std::stod(Run({"ttl", "--cache", "new.db", "a"}).out), 3600);
  EXPECT_EQ(Run({"get", "--cache", "new.db", "b"}).out, std::string(5000, 'b'));
  EXPECT_EQ(Run({"get", "--cache", "new.db", "--key-path", "c\n\xff"}).out,
            "\xfe\n");
  EXPECT_EQ(Run({"check", "--cache", "new.db"}).status, 0);
}

TEST_F(TransferTest, ADumpDoesNotReplaceAFileOfTheCache) {
  std::filesystem::create_symlink("old.db", Path("link"));
  for (const char* const file :
       {"old.db", "./old.db", "link", "old.db-wal", "old.db-shm", "old.db-lane",
        "old.db-exec", "old.db-suspect", "old.db-journal"}) {
    const Output output = Run({"dump", "--cache", "old.db", file});
    EXPECT_EQ(output.status, 2) << file;
    EXPECT_NE(output.err.find("it is a file of the cache"), std::string::npos)
        << output.err;
  }
  EXPECT_EQ(Run({"get", "--cache", "old.db", "a"}).out, "value of a");
  EXPECT_EQ(Run({"check", "--cache", "old.db"}).status, 0);
}

TEST_F(TransferTest, ALoadRestoresTheRecency) {
  Dump();
  Run({"load", "--cache", "new.db", "dump"});
  const auto order = [this](const char* cache) {
    const Json top = Json::parse(
        Run({"top", "--by", "age", "--json", "--cache", cache}).out);
    std::vector<std::string> keys;
    for (const Json& entry : top["top"]) {
      keys.push_back(entry.value("key", "") + entry.value("key_base64", ""));
    }
    return keys;
  };
  EXPECT_EQ(order("new.db"), order("old.db"));
  EXPECT_EQ(order("new.db").size(), 4u);
}

TEST_F(TransferTest, ADumpCanUseStandardOutputAndInput) {
  const Output dump = Run({"dump", "--cache", "old.db"});
  EXPECT_EQ(dump.status, 0);
  const Output loaded =
      RunWithInput({"load", "--json", "--cache", "new.db", "-"}, dump.out);
  EXPECT_EQ(Json::parse(loaded.out)["entries"], 4);
}

TEST_F(TransferTest, ADumpOfLinesKeepsValuesTtlsAndStoredBytes) {
  EXPECT_EQ(Run({"dump", "--format", "jsonl", "--cache", "old.db", "dump"}).out,
            "4 entries dumped\n");
  EXPECT_EQ(CountLines("dump"), 6u);
  EXPECT_EQ(Run({"load", "--cache", "new.db", "dump"}).out,
            "4 entries loaded\n");
  EXPECT_EQ(Run({"get", "--cache", "new.db", "a"}).out, "value of a");
  EXPECT_LE(std::stod(Run({"ttl", "--cache", "new.db", "a"}).out), 3600);
  EXPECT_EQ(Run({"get", "--cache", "new.db", "b"}).out, std::string(5000, 'b'));
  EXPECT_EQ(Run({"get", "--cache", "new.db", "--key-path", "c\n\xff"}).out,
            "\xfe\n");
  EXPECT_EQ(Run({"check", "--cache", "new.db"}).status, 0);
}

// One contract for every kind of cache: what is sound is dumped.
TEST_F(TransferTest, ADamagedEntryIsLeftOutOfADumpAndReported) {
  for (const std::string format : {"binary", "jsonl"}) {
    for (const bool is_lmdb : {false, true}) {
      const std::string name = format + (is_lmdb ? "_lmdb" : ".db");
      // A small one: the file is read as a whole.
      const std::string cache =
          is_lmdb ? "lmdb:" + name + "?max_bytes=4MiB" : name;
      const std::string file = name + (is_lmdb ? "/data.mdb" : "");
      SCOPED_TRACE(cache);
      Run({"set", "--cache", cache, "a", "the sound value"});
      Run({"set", "--cache", cache, "b", "the damaged value"});
      std::string bytes = ReadFile(file);
      size_t at = bytes.find("the damaged value");
      ASSERT_NE(at, std::string::npos);
      for (; at != std::string::npos; at = bytes.find("the damaged value")) {
        bytes[at] = 'T';
      }
      WriteFile(file, bytes);
      const Output dumped =
          Run({"dump", "--format", format, "--cache", cache, "dump"});
      EXPECT_EQ(dumped.status, 3);
      EXPECT_EQ(dumped.out, "1 entries dumped\n");
      EXPECT_NE(dumped.err.find("left out"), std::string::npos) << dumped.err;
      const std::string loaded = "loaded_" + name;
      EXPECT_EQ(Run({"load", "--cache", "./" + loaded + ".db", "dump"}).out,
                "1 entries loaded\n");
    }
  }
}

TEST_F(TransferTest, LinesMayFollowEmptyLinesAndAByteOrderMark) {
  const std::string line = "{\"key\":\"x\",\"value\":\"1\"}\n";
  for (const std::string before :
       {"\n", "\r\n", " \n\t\n", "\xef\xbb\xbf", "\xef\xbb\xbf\n", "  "}) {
    const Output loaded =
        RunWithInput({"load", "--cache", "new.db"}, before + line);
    EXPECT_EQ(loaded.out, "1 entries loaded\n") << loaded.err;
  }
}

TEST_F(TransferTest, LinesOfOtherProgramsAreLoaded) {
  const Output loaded =
      RunWithInput({"load", "--json", "--cache", "new.db"},
                   "{\"key\":\"x\",\"value\":\"1\"}\n"
                   "{\"key\":\"y\",\"value\":\"2\",\"expires_at_ms\":1000}\n");
  EXPECT_EQ(loaded.status, 0) << loaded.err;
  const Json report = Json::parse(loaded.out);
  EXPECT_EQ(report["entries"], 1);
  EXPECT_EQ(report["expired"], 1);
  EXPECT_EQ(Run({"get", "--cache", "new.db", "--key-path", "x"}).out, "1");
  EXPECT_EQ(Run({"get", "--cache", "new.db", "--key-path", "y"}).status, 1);
}

TEST_F(TransferTest, LinesBeforeABrokenOneAreLoaded) {
  const Output output =
      RunWithInput({"load", "--cache", "new.db"},
                   "{\"key\":\"x\",\"value\":\"1\"}\n{\"key\":\"y\"}\n");
  EXPECT_EQ(output.status, 3);
  EXPECT_NE(output.err.find("line 2"), std::string::npos) << output.err;
  EXPECT_NE(output.err.find("; 1 entries before it were loaded"),
            std::string::npos)
      << output.err;
  EXPECT_EQ(Run({"get", "--cache", "new.db", "--key-path", "x"}).out, "1");
}

TEST_F(TransferTest, ALoadEvictsToItsLimits) {
  Dump();
  Run({"load", "--max-entries", "1", "--cache", "new.db", "dump"});
  EXPECT_EQ(Run({"keys", "--cache", "new.db"}).out, "pyappcache/large\n");
}

TEST_F(TransferTest, ADamagedBlockIsNotLoaded) {
  Dump();
  std::string dump = ReadFile("dump");
  dump[dump.size() / 2] ^= 1;
  WriteFile("dump", dump);
  const Output output = Run({"load", "--cache", "new.db", "dump"});
  EXPECT_EQ(output.status, 3);
  EXPECT_NE(output.err.find("damaged at byte 16"), std::string::npos);
  EXPECT_EQ(Run({"keys", "--cache", "new.db"}).out, "");
}

TEST_F(TransferTest, BlocksBeforeTheDamageAreLoaded) {
  for (const char* const key : {"1", "2", "3"}) {
    WriteFile("value", std::string(1 << 20, 'v'));
    Streams streams;
    streams.in = Path("value");
    Start({"set", "--cache", "old.db", key, "-"}, streams).Wait();
  }
  Dump();
  const std::string dump = ReadFile("dump");
  WriteFile("dump", dump.substr(0, dump.size() - 1));
  const Output output = Run({"load", "--cache", "new.db", "dump"});
  EXPECT_EQ(output.status, 3);
  EXPECT_NE(output.err.find("unexpected end of the dump"), std::string::npos);
  EXPECT_NE(output.err.find("7 entries before it were loaded"),
            std::string::npos);
}

TEST_F(TransferTest, FilesThatAreNotDumpsAreAnError) {
  WriteFile("text", "some text");
  const Output output = Run({"load", "--cache", "new.db", "text"});
  EXPECT_EQ(output.status, 3);
  EXPECT_NE(output.err.find("not a dump"), std::string::npos);
  EXPECT_EQ(Run({"load", "--cache", "new.db", "missing"}).status, 3);
}

TEST_F(TransferTest, AFailedDumpKeepsTheOldFile) {
  WriteFile("dump", "old");
  EXPECT_EQ(Run({"dump", "--cache", "new.db", "dump"}).status, 3);
  EXPECT_EQ(ReadFile("dump"), "old");
  Dump();
  EXPECT_NE(ReadFile("dump"), "old");
  struct stat info;
  ASSERT_EQ(stat(Path("dump").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  for (const auto& file : std::filesystem::directory_iterator(dir_.path())) {
    EXPECT_EQ(file.path().string().find(".part"), std::string::npos);
  }
}

TEST_F(TransferTest, ADumpToASymbolicLinkKeepsTheLink) {
  WriteFile("target", "old");
  std::filesystem::create_symlink("target", Path("dump"));
  Dump();
  EXPECT_TRUE(std::filesystem::is_symlink(Path("dump")));
  EXPECT_NE(ReadFile("target"), "old");
}

TEST_F(TransferTest, ADumpThatCannotBeWrittenFails) {
  EXPECT_EQ(Run({"dump", "--cache", "old.db", "no/such/folder"}).status, 3);
  EXPECT_EQ(Run({"dump", "--cache", "old.db", "/dev/full"}).status, 3);
  EXPECT_EQ(Run({"dump", "--cache", "old.db", "/dev/null"}).status, 0);
  EXPECT_EQ(Run({"dump", "--cache", "old.db", "--json"}).status, 2);
}

}  // namespace
}  // namespace appcache::command::transfer_test
