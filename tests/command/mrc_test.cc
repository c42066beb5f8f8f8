// appcache mrc: the numbers, the table, and the errors of the command line.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/command/command.h"

namespace appcache::command {
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
  EXPECT_NE(table.out.find("90.00% of hits: no capacity; at most 33.33% of the "
                           "requests repeat a key\n"),
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

TEST_F(MrcTest, CountsOfASampleAreIntegersToo) {
  std::string trace;
  for (int i = 0; i < 600; ++i) trace += std::to_string(i % 200) + "\n";
  WriteFile("trace", trace);
  const Json curve = Curve({"--sample", "30", "--entries", "50,200"});
  EXPECT_TRUE(curve["keys"].is_number_integer()) << curve;
  for (const Json& point : curve["curve"]) {
    EXPECT_TRUE(point["lru_hits"].is_number_integer()) << curve;
  }
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
}  // namespace appcache::command
