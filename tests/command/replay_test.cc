// appcache replay, on traces that are short enough to check by hand.

#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "tests/command/command.h"

namespace appcache::command {
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
  EXPECT_EQ(output.out.find("requests   9\n"
                            "hits       3\n"
                            "hit ratio  33.3333%\n"),
            0u);
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
  EXPECT_LE(report["gets"]["p50_ms"], report["gets"]["p99_ms"]);
  EXPECT_LE(report["gets"]["p99_9_ms"], report["gets"]["max_ms"]);
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
}  // namespace appcache::command
