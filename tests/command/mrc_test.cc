// appcache mrc: the numbers, the table, and the errors of the command line.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/command/command.h"

namespace appcache::command::mrc_test {
namespace {

using Json = nlohmann::json;

class MrcTest : public CommandTest {
 protected:
  // a and b are used in turn, and then c to j once.
  MrcTest() {
    WriteFile("trace", "a\nb\na\nb\n\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\na\n");
  }

  Json Curve(Words words) {
    words.insert(words.begin(), {"mrc", "trace", "--json"});
    const Output output = Run(words);
    EXPECT_EQ(output.status, 0) << output.err;
    return Json::parse(output.out);
  }
};

TEST_F(MrcTest, HitsAreThoseOfAnLruOfEachCapacity) {
  const Json curve = Curve({"--entries", "10,1,2,9,2"});
  EXPECT_EQ(curve["requests"], 15);
  EXPECT_EQ(curve["keys"], 10);
  EXPECT_EQ(curve["sample"], 1);
  std::vector<std::pair<int, int>> points;
  for (const Json& point : curve["curve"]) {
    points.emplace_back(point["entries"], point["lru_hits"]);
    EXPECT_EQ(point["lru_hit_percent_error"], 0);
    EXPECT_EQ(point["lru_ttl_hits"], nullptr);
    EXPECT_EQ(point["optimal_hits"], nullptr);
  }
  EXPECT_EQ(points, (std::vector<std::pair<int, int>>{
                        {1, 0}, {2, 4}, {9, 4}, {10, 5}}));
}

// The same trace as `replay` gets with a cache.
TEST_F(MrcTest, ReplayHasTheSameHits) {
  for (const std::string entries : {"1", "2", "9", "10"}) {
    const Output replay =
        Run({"replay", "trace", "--max-entries", entries, "--json"});
    EXPECT_EQ(Curve({"--entries", entries})["curve"][0]["lru_hits"],
              Json::parse(replay.out)["hits"]);
  }
}

TEST_F(MrcTest, CompareAddsOtherPolicies) {
  const Json point = Curve({"--entries", "9", "--compare"})["curve"][0];
  EXPECT_EQ(point["lru_hits"], 4);
  EXPECT_EQ(point["fifo_hits"], 4);
  EXPECT_EQ(point["optimal_hits"], 5);
}

TEST_F(MrcTest, ComparedPoliciesHaveTheSameSetsAndDeletes) {
  WriteFile("trace", "key,op\na,set\na,get\na,delete\na,get\na,get\n");
  const Json point = Curve({"--entries", "1", "--compare"})["curve"][0];
  for (const char* hits :
       {"lru_hits", "fifo_hits", "s3_fifo_hits", "optimal_hits"}) {
    EXPECT_EQ(point[hits], 2) << hits;
  }
}

// Percentages of which a hundredth is more in binary.
TEST_F(MrcTest, AHitRatioThatIsReachedExactlyHasACapacity) {
  std::string keys;
  for (int i = 0; i < 449; ++i) keys += std::to_string(i) + "\n";
  for (int i = 0; i < 551; ++i) keys += "0\n";
  WriteFile("trace", keys);
  const Json targets = Curve({"--hit-ratio", "55", "--hit-ratio", "55.1%",
                              "--hit-ratio", "55.11"})["targets"];
  EXPECT_EQ(targets[0]["entries"], 1);
  EXPECT_EQ(targets[1]["entries"], 449);
  EXPECT_EQ(targets[2]["entries"], nullptr);
}

TEST_F(MrcTest, TheCapacityForAHitRatioIsPrinted) {
  const Json targets = Curve({"--hit-ratio", "26", "--hit-ratio", "33%",
                              "--hit-ratio", "90"})["targets"];
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0]["entries"], 2);
  EXPECT_EQ(targets[1]["entries"], 10);
  EXPECT_EQ(targets[2]["entries"], nullptr);
  const Output table =
      Run({"mrc", "trace", "--hit-ratio", "33", "--hit-ratio", "90"});
  EXPECT_NE(table.out.find("33.00% of hits: 10 entries\n"), std::string::npos);
  EXPECT_NE(table.out.find("90.00% of hits: no capacity; the most is "
                           "33.33%\n"),
            std::string::npos)
      << table.out;
}

TEST_F(MrcTest, TheTableDrawsTheMisses) {
  const Output output = Run({"mrc", "trace", "--entries", "1,10"});
  EXPECT_EQ(output.status, 0);
  std::string bar;
  for (int i = 0; i < 30; ++i) bar += "\u2588";
  EXPECT_EQ(output.out,
            "requests  15\n"
            "keys      10\n"
            "\n"
            "ENTRIES  LRU HITS  LRU MISSES\n"
            "      1     0.00%  " +
                bar +
                "\n"
                "     10    33.33%  " +
                bar.substr(0, 60) + "\n");
}

// Requests of a times.csv, with a ttl of 10 s, and its curves: a returns after
// 4 s, then after 6 s more; b does not expire.
class MrcTtlTest : public MrcTest {
 protected:
  MrcTtlTest() {
    WriteFile("times.csv",
              "time,key,ttl\n0,a,10\n4,a,10\n10,a,10\n10,b,\n99,b,\n"
              "99,a,10\n");
  }
  Json TtlCurve(Words words) {
    words.insert(words.begin(), {"mrc", "times.csv", "--json"});
    const Output output = Run(words);
    EXPECT_EQ(output.status, 0) << output.err;
    return Json::parse(output.out);
  }
};

TEST_F(MrcTtlTest, AnAccessAfterTheExpiryIsAMissAtEachCapacity) {
  const Json curve =
      TtlCurve({"--entries", "1,2", "--hit-ratio", "30", "--hit-ratio", "60"});
  EXPECT_EQ(curve["ttls"], true);
  EXPECT_EQ(curve["curve"][0]["lru_hits"], 3);
  EXPECT_EQ(curve["curve"][0]["lru_ttl_hits"], 2);
  EXPECT_EQ(curve["curve"][1]["lru_hits"], 4);
  EXPECT_EQ(curve["curve"][1]["lru_ttl_hits"], 2);
  EXPECT_EQ(curve["targets"][0]["entries"], 1);
  EXPECT_EQ(curve["targets"][0]["ttl_entries"], 1);
  EXPECT_EQ(curve["targets"][1]["entries"], 2);
  EXPECT_EQ(curve["targets"][1]["ttl_entries"], nullptr);
  // As a cache has them.
  const Output replay =
      Run({"replay", "times.csv", "--max-entries", "2", "--json"});
  EXPECT_EQ(Json::parse(replay.out)["hits"], 2);
}

TEST_F(MrcTtlTest, TtlsCanBeIgnored) {
  const Json curve =
      TtlCurve({"--entries", "2", "--hit-ratio", "60", "--ttl", "off"});
  EXPECT_EQ(curve["ttls"], false);
  EXPECT_EQ(curve["curve"][0]["lru_ttl_hits"], nullptr);
  EXPECT_EQ(curve["targets"][0]["ttl_entries"], nullptr);
  EXPECT_EQ(Run({"mrc", "times.csv", "--ttl", "yes"}).status, 2);
}

TEST_F(MrcTtlTest, TheTableHasBothCurves) {
  const Output output = Run({"mrc", "times.csv", "--entries", "1,2",
                             "--hit-ratio", "30", "--hit-ratio", "60"});
  EXPECT_NE(output.out.find("ENTRIES  LRU HITS  WITH TTLS  LRU MISSES\n"
                            "      1    50.00%     33.33%  "),
            std::string::npos)
      << output.out;
  EXPECT_NE(output.out.find(
                "30.00% of hits: 1 entries; 1 entries with ttls\n"
                "60.00% of hits: 2 entries; no capacity with ttls; the most "
                "is 33.33%\n"),
            std::string::npos)
      << output.out;
}

TEST_F(MrcTtlTest, TtlsWithoutTimesAreIgnoredWithANote) {
  WriteFile("times.csv", "key,ttl\na,1\na,1\n");
  const Output output = Run({"mrc", "times.csv", "--json"});
  EXPECT_EQ(Json::parse(output.out)["ttls"], false);
  EXPECT_NE(output.err.find("states ttls, but no times"), std::string::npos);
}

TEST_F(MrcTest, SetsAndDeletesAreNoRequests) {
  WriteFile("trace", "key,op\na,set\nb,set\na,get\nb,delete\nb,get\n");
  const Json curve = Curve({"--entries", "1,2"});
  EXPECT_EQ(curve["requests"], 2);
  EXPECT_EQ(curve["curve"][0]["lru_hits"], 0);
  EXPECT_EQ(curve["curve"][1]["lru_hits"], 1);
}

TEST_F(MrcTest, TheFormatCanBeChosen) {
  WriteFile("trace", "5 3 0 0\n5 1 0 1\n");
  EXPECT_EQ(Curve({"--format", "arc"})["requests"], 4);
  EXPECT_EQ(Curve({})["requests"], 2);
}

TEST_F(MrcTest, ASampleStatesItsError) {
  std::string trace;
  for (uint64_t i = 0; i < 60'000; ++i) {
    trace += std::to_string(i * i * i % 49'999) + "\n";
  }
  WriteFile("trace", trace);
  const Words capacities = {"--entries", "16384,20000,30000"};
  const Json exact = Curve(capacities);
  Words words = capacities;
  words.insert(words.end(), {"--sample", "20"});
  const Json sampled = Curve(words);
  EXPECT_TRUE(sampled["keys"].is_number_integer()) << sampled;
  EXPECT_NEAR(sampled["keys"].get<double>(), exact["keys"].get<double>(),
              0.05 * exact["keys"].get<double>());
  EXPECT_EQ(sampled["curve"][0]["lru_hits"], exact["curve"][0]["lru_hits"]);
  EXPECT_EQ(sampled["curve"][0]["lru_hit_percent_error"], 0);
  for (const int i : {1, 2}) {
    const Json& point = sampled["curve"][i];
    EXPECT_TRUE(point["lru_hits"].is_number_integer()) << point;
    const double error = point["lru_hit_percent_error"];
    EXPECT_GT(error, 0);
    EXPECT_LT(error, 3);
    EXPECT_NEAR(point["lru_hit_percent"].get<double>(),
                exact["curve"][i]["lru_hit_percent"].get<double>(), error);
  }
  const Output table = Run({"mrc", "trace", "--sample", "20"});
  EXPECT_NE(table.out.find("ENTRIES  LRU HITS   ERROR  LRU MISSES\n"),
            std::string::npos)
      << table.out;
}

TEST_F(MrcTest, AnEmptyTraceHasNoCurve) {
  WriteFile("trace", "\n\n");
  const Json curve = Curve({"--hit-ratio", "50"});
  EXPECT_EQ(curve["requests"], 0);
  EXPECT_EQ(curve["curve"], Json::array());
  EXPECT_EQ(Run({"mrc", "trace"}).status, 0);
}

TEST_F(MrcTest, ATraceThatCannotBeReadIsAFailure) {
  EXPECT_EQ(Run({"mrc", "missing"}).status, 3);
  EXPECT_EQ(RunWithInput({"mrc", "-", "--json"}, "a\na\n").status, 0);
}

TEST_F(MrcTest, ErrorsSayWhatIsRight) {
  const auto error = [&](const Words& words) {
    const Output output = Run(words);
    EXPECT_EQ(output.status, 2);
    return output.err;
  };
  for (const std::string entries : {"0", "x", "1,", ",1", "-1", "1 2"}) {
    EXPECT_NE(error({"mrc", "trace", "--entries=" + entries})
                  .find("numbers of entries, such as 100,1000,10000"),
              std::string::npos)
        << entries;
  }
  for (const std::string percent : {"0", "101", "x", "-1", "nan"}) {
    EXPECT_NE(error({"mrc", "trace", "--hit-ratio=" + percent})
                  .find("a percentage above 0, at most 100"),
              std::string::npos)
        << percent;
  }
  EXPECT_NE(error({"mrc", "trace", "--sample", "0.001"}).find("0.01%"),
            std::string::npos);
  EXPECT_NE(error({"mrc", "trace", "--sample", "5", "--compare"})
                .find("--compare needs all keys"),
            std::string::npos);
}

}  // namespace
}  // namespace appcache::command::mrc_test
