// appcache replay, on traces that are short enough to check by hand.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/command/command.h"

namespace appcache::command::replay_test {
namespace {

using Json = nlohmann::json;

// With max_entries = 3, least recent first: a b c miss; a hits (b c a); d
// misses and evicts b (c a d); b misses and evicts c (a d b); a hits (d b a); c
// misses and evicts d (b a c); b hits.
constexpr const char* kTrace = "a\nb\nc\na\nd\nb\na\nc\nb\n";

class ReplayTest : public CommandTest {
 protected:
  void SetUp() override { WriteFile("trace", kTrace); }
};

TEST_F(ReplayTest, HitsAreThoseOfAnExactLru) {
  const Output output = Run({"replay", "trace", "--max-entries", "3"});
  EXPECT_EQ(output.status, 0) << output.err;
  EXPECT_EQ(output.out.find("requests        9\n"
                            "hits            3\n"
                            "hit ratio       33.3333%\n"
                            "byte hit ratio  33.3333%\n"
                            "throughput      "),
            0u)
      << output.out;
  EXPECT_NE(output.out.find("P99.9"), std::string::npos);
}

TEST_F(ReplayTest, TheReportCanBeJson) {
  const Output output =
      Run({"replay", "trace", "--max-entries", "3", "--json"});
  const Json report = Json::parse(output.out);
  EXPECT_EQ(report["requests"], 9);
  EXPECT_EQ(report["hits"], 3);
  EXPECT_NEAR(report["hit_percent"], 100.0 / 3, 1e-9);
  EXPECT_EQ(report["gets"]["count"], 9);
  EXPECT_EQ(report["sets"]["count"], 6);
  EXPECT_EQ(report["deletes"]["count"], 0);
  EXPECT_EQ(report["max_entries"], 3);
  EXPECT_EQ(report["max_bytes"], nullptr);
  EXPECT_EQ(report["too_large"], 0);
  EXPECT_GT(report["operations_per_s"], 0);
  EXPECT_LE(report["gets"]["p50_ms"], report["gets"]["p99_ms"]);
  EXPECT_LE(report["gets"]["p99_9_ms"], report["gets"]["max_ms"]);
}

// A thousand keys in turn: a cache of 800 hits none, and one of 1600 all but
// the first thousand requests of 20,000.
TEST_F(ReplayTest, TheEstimateForOtherSizesIsPrinted) {
  std::string trace;
  for (int i = 0; i < 20'000; ++i) trace += std::to_string(i % 1000) + "\n";
  WriteFile("loop", trace);
  const Output text = Run({"replay", "loop", "--max-entries", "800"});
  EXPECT_NE(text.out.find("\nestimated       0.00% with 0.25x the entries, "
                          "0.00% with 0.50x, "),
            std::string::npos)
      << text.out;
  const Output output =
      Run({"replay", "loop", "--max-entries", "800", "--json"});
  const Json estimates = Json::parse(output.out)["estimates"];
  ASSERT_EQ(estimates.size(), 5U) << output.out;
  EXPECT_EQ(estimates[3]["scale"], 2);
  EXPECT_NEAR(estimates[3]["hit_percent"], 95, 2);
  EXPECT_EQ(Json::parse(Run({"replay", "trace", "--max-entries", "3", "--json"})
                            .out)["estimates"],
            nullptr);
}

TEST_F(ReplayTest, ATraceCanBeGzipOrStandardInput) {
  gzFile file = gzopen(Path("trace.gz").c_str(), "wb");
  gzputs(file, kTrace);
  gzclose(file);
  const Words options = {"--max-entries", "3", "--json"};
  Words words = {"replay", "trace.gz"};
  words.insert(words.end(), options.begin(), options.end());
  EXPECT_EQ(Json::parse(Run(words).out)["hits"], 3);
  words[1] = "-";
  EXPECT_EQ(Json::parse(RunWithInput(words, kTrace).out)["hits"], 3);
  EXPECT_EQ(Json::parse(RunWithInput(words, ReadFile("trace.gz")).out)["hits"],
            3);
}

TEST_F(ReplayTest, AFileHasTheSameHits) {
  const Words words = {"replay",  "trace",         "--max-entries", "3",
                       "--cache", "sqlite:new.db", "--json"};
  EXPECT_EQ(Json::parse(Run(words).out)["hits"], 3);
  EXPECT_EQ(Run({"check", "--cache", "new.db"}).status, 0);
  // A second replay would find a full cache.
  const Output output = Run(words);
  EXPECT_EQ(output.status, 2);
  EXPECT_NE(output.err.find("3 entries"), std::string::npos);
  EXPECT_EQ(
      Json::parse(Run({"stats", "--json", "--cache", "new.db"}).out)["entries"],
      3);
}

TEST_F(ReplayTest, LimitsOfTheUriApplyButDoNotEvictExistingEntries) {
  Words words = {"replay", "trace", "--cache", "sqlite:new.db?max_entries=3",
                 "--json"};
  EXPECT_EQ(Json::parse(Run(words).out)["hits"], 3);
  words[3] = "sqlite:new.db?max_entries=1";
  EXPECT_EQ(Run(words).status, 2);
  EXPECT_EQ(
      Json::parse(Run({"stats", "--json", "--cache", "new.db"}).out)["entries"],
      3);
  words[3] = "sqlite:other.db";
  EXPECT_NE(Run(words).err.find("--max-entries"), std::string::npos);
}

// Three entries have 3 * (1 + 10) = 33 bytes.
TEST_F(ReplayTest, TheLimitCanBeInBytes) {
  const Words words = {"replay",        "trace", "--max-entries", "1000",
                       "--value-bytes", "10",    "--max-bytes",   "33",
                       "--json"};
  EXPECT_EQ(Json::parse(Run(words).out)["hits"], 3);
  Words less = words;
  less[7] = "32";
  EXPECT_EQ(Json::parse(Run(less).out)["hits"], 0);
}

TEST_F(ReplayTest, EmptyLinesDoNotCount) {
  WriteFile("trace", "\na\n\na\n\n");
  const Output output =
      Run({"replay", "trace", "--max-entries", "3", "--json"});
  EXPECT_EQ(Json::parse(output.out)["requests"], 2);
  WriteFile("trace", "");
  EXPECT_EQ(Run({"replay", "trace", "--max-entries", "3"}).status, 0);
}

// The reports of --json, in order.
std::vector<Json> Reports(const Output& output) {
  EXPECT_EQ(output.status, 0) << output.err;
  std::vector<Json> reports;
  std::istringstream lines(output.out);
  for (std::string line; std::getline(lines, line);) {
    reports.push_back(Json::parse(line));
  }
  return reports;
}

TEST_F(ReplayTest, EachCapacityIsAReplayOfItsOwn) {
  const Output output =
      Run({"replay", "trace", "--max-entries", "3,1,2,4", "--json"});
  std::vector<std::pair<int, int>> hits;
  for (const Json& report : Reports(output)) {
    hits.emplace_back(report["max_entries"], report["hits"]);
  }
  EXPECT_EQ(hits,
            (std::vector<std::pair<int, int>>{{1, 0}, {2, 0}, {3, 3}, {4, 5}}));
  const Output table = Run({"replay", "trace", "--max-entries", "3,4"});
  EXPECT_EQ(table.out.find("requests  9\n\nENTRIES  HITS  HIT RATIO"), 0u)
      << table.out;
  EXPECT_NE(table.out.find("\n      3     3   33.3333%"), std::string::npos)
      << table.out;
  EXPECT_NE(table.out.find("\n      4     5   55.5556%"), std::string::npos)
      << table.out;
}

TEST_F(ReplayTest, CapacitiesMayBeInBytes) {
  std::vector<std::pair<int, int>> hits;
  for (const Json& report :
       Reports(Run({"replay", "trace", "--max-bytes", "32,33,1KiB",
                    "--value-bytes", "10", "--json"}))) {
    EXPECT_EQ(report["max_entries"], nullptr);
    hits.emplace_back(report["max_bytes"], report["hits"]);
  }
  EXPECT_EQ(hits,
            (std::vector<std::pair<int, int>>{{32, 0}, {33, 3}, {1024, 5}}));
  EXPECT_EQ(
      Reports(Run({"replay", "trace", "--max-bytes", "33,1KiB", "--max-entries",
                   "1", "--value-bytes", "10", "--json"}))
          .size(),
      2u);
}

TEST_F(ReplayTest, SeveralCapacitiesNeedAFileAndNoCache) {
  const auto error = [&](Words words) {
    words.insert(words.begin(), "replay");
    const Output output = RunWithInput(words, kTrace);
    EXPECT_EQ(output.status, 2);
    EXPECT_EQ(output.out, "");
    return output.err;
  };
  EXPECT_NE(error({"-", "--max-entries", "1,2"}).find("name a file"),
            std::string::npos);
  EXPECT_NE(error({"trace", "--max-entries", "1,2", "--cache", "new.db"})
                .find("omit --cache"),
            std::string::npos);
  EXPECT_NE(error({"trace", "--max-entries", "1,2", "--max-bytes", "5,6"})
                .find("not to both"),
            std::string::npos);
  EXPECT_NE(error({"trace", "--max-entries", "1,x"})
                .find("numbers of entries, such as 100,1000,10000"),
            std::string::npos);
  EXPECT_NE(error({"trace", "--max-bytes", "0"}).find("sizes, such as"),
            std::string::npos);
}

// Each pass after the first one would find no request.
TEST_F(ReplayTest, SeveralCapacitiesOfAPipeAreRefused) {
  Streams streams;
  streams.starter = {"/bin/sh", "-c", "cat trace | \"$@\"", "sh"};
  const Output piped =
      Start({"replay", "/dev/stdin", "--max-entries", "1,2"}, streams).Wait();
  EXPECT_EQ(piped.out, "");
  ASSERT_EQ(piped.status, 2) << piped.err;
  EXPECT_NE(piped.err.find("name a file"), std::string::npos) << piped.err;
  const Output once =
      Start({"replay", "/dev/stdin", "--max-entries", "3", "--json"}, streams)
          .Wait();
  EXPECT_EQ(Json::parse(once.out)["hits"], 3);
  MakeFifo("fifo");
  EXPECT_EQ(Run({"replay", "fifo", "--max-bytes", "1,2"}).status, 2);
  EXPECT_EQ(Run({"replay", "missing", "--max-entries", "1,2"}).status, 3);
}

// Another file gets the name of the trace during the first of 100 passes.
TEST_F(ReplayTest, ATraceThatChangesBetweenTheCapacitiesIsAnError) {
  std::string trace;
  for (int i = 0; i < 1000; ++i) trace += std::to_string(i % 7) + "\n";
  std::string capacities = "1";
  for (int i = 2; i <= 100; ++i) capacities += "," + std::to_string(i);
  Output output;
  // This process may not run until the last pass.
  for (int attempt = 0; attempt < 20 && output.status != 3; ++attempt) {
    WriteFile("changing", trace);
    WriteFile("other", trace + "x\n");
    const int opened = inotify_init1(IN_CLOEXEC);
    ASSERT_GE(inotify_add_watch(opened, Path("changing").c_str(), IN_OPEN), 0);
    Running running =
        Start({"replay", "changing", "--max-entries", capacities});
    struct pollfd event = {opened, POLLIN, 0};
    EXPECT_EQ(poll(&event, 1, 60'000), 1);
    std::filesystem::rename(Path("other"), Path("changing"));
    output = running.Wait();
    close(opened);
  }
  EXPECT_EQ(output.status, 3) << output.out;
  EXPECT_EQ(output.out, "");
  EXPECT_NE(output.err.find("1000 operations, and then 1001"),
            std::string::npos)
      << output.err;
}

// 4 bytes for a, 10 for b.
TEST_F(ReplayTest, ValuesHaveTheSizesOfTheTrace) {
  WriteFile("sizes.csv", "key,size\na,3\nb,9\na,3\nb,9\nc,\nc,\n");
  const std::vector<Json> reports =
      Reports(Run({"replay", "sizes.csv", "--max-bytes", "13,14,100",
                   "--value-bytes", "6", "--json"}));
  ASSERT_EQ(reports.size(), 3u);
  EXPECT_EQ(reports[0]["hits"], 1) << "a and b do not fit together";
  EXPECT_EQ(reports[1]["hits"], 3);
  EXPECT_NEAR(reports[1]["byte_hit_percent"], 100.0 * 18 / 36, 1e-9);
  EXPECT_EQ(reports[2]["hits"], 3);
}

TEST_F(ReplayTest, AValueOfTheTraceThatIsTooLargeIsCounted) {
  WriteFile("sizes.csv",
            "key,size\na,99999999999\nb,50\na,99999999999\na,1\na,1\n");
  const std::vector<Json> reports =
      Reports(Run({"replay", "sizes.csv", "--max-bytes", "20", "--json"}));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0]["too_large"], 3);
  EXPECT_EQ(reports[0]["hits"], 1);
  EXPECT_NE(Run({"replay", "sizes.csv", "--max-bytes", "20"})
                .out.find("too large       3\n"),
            std::string::npos);
}

// The clock is that of the trace, which goes back once.
TEST_F(ReplayTest, EntriesExpireByTheTimesOfTheTrace) {
  WriteFile("ttl.csv",
            "time,key,ttl\n"
            "1000,a,10\n"
            "1009.9,a,10\n"
            "1005,a,10\n"
            "1010,a,10\n"
            "90000,b,\n"
            "1e5,b,\n");
  const Output wrong =
      Run({"replay", "ttl.csv", "--max-entries", "9", "--json"});
  EXPECT_EQ(wrong.status, 3);
  EXPECT_NE(wrong.err.find("line 7 of \"ttl.csv\": time is \"1e5\""),
            std::string::npos)
      << wrong.err;
  WriteFile("ttl.csv",
            "time,key,ttl\n"
            "1000,a,10\n"
            "1009.9,a,10\n"
            "1005,a,10\n"
            "1010,a,10\n"
            "90000,b,\n"
            "9000000,b,\n");
  const std::vector<Json> reports =
      Reports(Run({"replay", "ttl.csv", "--max-entries", "9", "--json"}));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0]["hits"], 3);
  EXPECT_EQ(reports[0]["sets"]["count"], 3);
}

// An expired entry is evicted before any other.
TEST_F(ReplayTest, AnExpiredEntryMakesRoomForTheNextOne) {
  WriteFile("ttl.csv", "time,key,ttl\n0,a,\n0,b,1\n1,c,\n1,a,\n1,c,\n");
  EXPECT_EQ(Reports(Run({"replay", "ttl.csv", "--max-entries", "2",
                         "--json"}))[0]["hits"],
            2);
}

TEST_F(ReplayTest, TtlsWithoutTimesAreIgnoredWithANote) {
  WriteFile("ttl.csv", "key,ttl\na,0.001\na,0.001\n");
  const Output output =
      Run({"replay", "ttl.csv", "--max-entries", "9", "--json"});
  EXPECT_EQ(Reports(output)[0]["hits"], 1);
  EXPECT_NE(output.err.find("states ttls, but no times"), std::string::npos);
}

TEST_F(ReplayTest, SetsAndDeletesOfTheTraceAreDone) {
  WriteFile("ops.csv", "key,op\na,set\na,get\na,delete\na,get\na,get\nb,set\n");
  const std::vector<Json> reports =
      Reports(Run({"replay", "ops.csv", "--max-entries", "9", "--json"}));
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0]["requests"], 3);
  EXPECT_EQ(reports[0]["hits"], 2);
  EXPECT_EQ(reports[0]["sets"]["count"], 3);
  EXPECT_EQ(reports[0]["deletes"]["count"], 1);
  EXPECT_NE(
      Run({"replay", "ops.csv", "--max-entries", "9"}).out.find("\ndelete"),
      std::string::npos);
}

TEST_F(ReplayTest, AnyFormatCanBeChosen) {
  WriteFile("blocks.txt", "5 3 0 0\n5 1 0 1\n");
  EXPECT_EQ(Reports(Run({"replay", "blocks.txt", "--format", "arc",
                         "--max-entries", "9", "--json"}))[0]["hits"],
            1);
  const Output wrong = Run(
      {"replay", "trace", "--format", "arc", "--max-entries", "9", "--json"});
  EXPECT_EQ(wrong.status, 3);
  EXPECT_NE(wrong.err.find("line 1 of \"trace\": expected the first block"),
            std::string::npos);
  const Output unknown = Run({"replay", "trace", "--format", "lirs"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.err.find("expected one of plain, csv"), std::string::npos);
}

TEST_F(ReplayTest, ErrorsHaveTheLineNumber) {
  EXPECT_EQ(Run({"replay", "trace"}).status, 2);
  EXPECT_EQ(Run({"replay", "missing", "--max-entries", "3"}).status, 3);
  WriteFile("trace", "a\n" + std::string(3 << 20, 'x') + "\n");
  const Output long_line = Run({"replay", "trace", "--max-entries", "3"});
  EXPECT_EQ(long_line.status, 3);
  EXPECT_NE(long_line.err.find("line 2"), std::string::npos);
  WriteFile("trace", "a\n");
  const Output too_large = Run({"replay", "trace", "--max-entries", "3",
                                "--max-bytes", "10", "--value-bytes", "11"});
  EXPECT_EQ(too_large.status, 3);
  EXPECT_NE(too_large.err.find("line 1"), std::string::npos);
}

}  // namespace
}  // namespace appcache::command::replay_test
