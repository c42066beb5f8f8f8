#include "tools/command/stats/stats_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/command/io/screen.h"

namespace appcache::command::stats_text_test {
namespace {

using std::chrono::milliseconds;
using Json = nlohmann::ordered_json;

constexpr TimePoint kTime{std::chrono::seconds(1'800'000'000)};

class StatsTextTest : public ::testing::Test {
 protected:
  StatsTextTest() {
    traits_.name = "sqlite";
    traits_.location = "/app/cache.db";
    before_.version = now_.version = "SQLite 3";
    now_.taken = before_.taken + milliseconds(2000);
    now_.round_trip = std::chrono::microseconds(40);
    before_.stats.entries = 30;
    now_.stats.entries = 36;
    before_.stats.bytes = 4000;
    now_.stats.bytes = 2048;
  }

  StatsView Once() const { return {traits_, "a SQLite cache", now_}; }
  StatsView Again() const {
    return {traits_, "a SQLite cache", now_, &before_};
  }

  static std::string Prometheus(const StatsView& view) {
    return StatsPrometheus({&view, 1});
  }
  static std::string Micrometer(const StatsView& view) {
    return StatsMicrometer({&view, 1});
  }

  void MakeTier() {
    for (StatsSample* sample : {&before_, &now_}) {
      sample->stats = CacheStats();
      sample->tier.emplace();
    }
    TierReport& tier = *now_.tier;
    tier.coherence = Coherence::kTracking;
    tier.is_coherent = true;
    tier.heartbeat_age = milliseconds(120);
    tier.heartbeat_delay = std::chrono::microseconds(310);
    tier.links_made = 1;
    tier.changes_notified = 7;
    tier.local_hits = 3;
    tier.remote_errors = 2;
  }

  BackendTraits traits_;
  StatsSample before_;
  StatsSample now_;
};

TEST_F(StatsTextTest, ABlockHasALineForEachFigure) {
  now_.file_bytes = {28672, 32};
  EXPECT_EQ(StatsBlock(Once()),
            "cache    /app/cache.db\n"
            "version  SQLite 3\n"
            "ping     40.0 us\n"
            "entries  36\n"
            "bytes    2048 of keys and values, 2.0 KiB\n"
            "file     28.0 KiB\n"
            "log      32 B\n");
}

TEST_F(StatsTextTest, TheMemoryOfADatabaseInMemoryIsReported) {
  now_.stats.database_memory_bytes = 4 << 20;
  now_.stats.log_memory_bytes = 32 << 10;
  const std::string block = StatsBlock(Once());
  EXPECT_NE(block.find("memory   4.0 MiB, and a log of 32.0 KiB\n"),
            std::string::npos)
      << block;
  const Json json = StatsJson(Once(), kTime);
  EXPECT_EQ(json["database_memory_bytes"], 4 << 20);
  EXPECT_EQ(json["log_memory_bytes"], 32 << 10);
  const std::string text = Prometheus(Once());
  EXPECT_NE(text.find("appcache_database_memory_bytes{"), std::string::npos);
  EXPECT_NE(text.find("appcache_log_memory_bytes{"), std::string::npos);
}

TEST_F(StatsTextTest, ChangesArePrintedPerSecond) {
  const std::string block = StatsBlock(Again());
  EXPECT_NE(block.find("entries  36, +3.0/s\n"), std::string::npos) << block;
  EXPECT_NE(block.find("2.0 KiB, -976.0/s\n"), std::string::npos) << block;
  const Json json = StatsJson(Again(), kTime);
  EXPECT_EQ(json["entries_per_s"], 3.0);
  EXPECT_EQ(json["bytes_per_s"], -976.0);
}

TEST_F(StatsTextTest, SamplesOfTheSameMomentHaveNoRate) {
  now_.taken = before_.taken;
  EXPECT_EQ(StatsJson(Again(), kTime)["entries_per_s"], nullptr);
}

TEST_F(StatsTextTest, UnknownFiguresAreMarked) {
  now_.stats = CacheStats();
  const std::string block = StatsBlock(Again());
  EXPECT_NE(block.find("entries  not reported by a SQLite cache\n"),
            std::string::npos);
  EXPECT_EQ(StatsJson(Again(), kTime)["bytes"], nullptr);
  EXPECT_EQ(StatsLine(Again(), kTime).find("bytes"), std::string::npos);
}

TEST_F(StatsTextTest, ALineHasATimeAndTheKnownFigures) {
  EXPECT_EQ(StatsLine(Again(), kTime),
            "2027-01-15T08:00:00Z ping_ms=0.04 entries=36 bytes=2048 "
            "entries_per_s=3.0 bytes_per_s=-976.0\n");
}

TEST_F(StatsTextTest, AFailedPingIsPrinted) {
  now_.answer = Status(ErrorCode::kUnavailable, "gone \"away\"\n");
  EXPECT_NE(StatsBlock(Again()).find("ping     gone \"away\"\\n\n"),
            std::string::npos);
  EXPECT_EQ(StatsJson(Again(), kTime)["error"], "gone \"away\"\\n");
  EXPECT_EQ(StatsJson(Again(), kTime)["ping_ms"], nullptr);
  EXPECT_NE(StatsLine(Again(), kTime).find(R"(error="gone \"away\"\\n")"),
            std::string::npos)
      << StatsLine(Again(), kTime);
}

TEST_F(StatsTextTest, ATierHasItsLinkAndItsLevels) {
  MakeTier();
  const std::string block = StatsBlock(Again());
  const size_t tier = block.find("tier ");
  ASSERT_NE(tier, std::string::npos);
  EXPECT_EQ(block.substr(tier),
            "tier     tracking, coherent\n"
            "link     heartbeat 120.00 ms ago, round trip 310.0 us; "
            "established 1, lost 0\n"
            "changes  7, +3.5/s; full invalidations 0\n"
            "breaker  closed; opened 0\n"
            "retries  0 queued, 0 lost\n"
            "local    3 hits, 0 stale hits, 0 negative hits\n"
            "remote   0 hits, 0 misses, 2 errors\n");
  const Json json = StatsJson(Again(), kTime);
  EXPECT_EQ(json["tier"]["coherence"], "tracking");
  EXPECT_EQ(json["tier"]["changes_notified_per_s"], 3.5);
  EXPECT_EQ(json["tier"]["local_hits"], 3);
  EXPECT_NE(StatsLine(Again(), kTime)
                .find(" tier_coherence=tracking "
                      "tier_coherent=true "),
            std::string::npos);
}

TEST_F(StatsTextTest, AnUntrackedTierHasNoLink) {
  MakeTier();
  now_.tier->coherence = Coherence::kUntracked;
  now_.tier->breaker_is_closed = false;
  const std::string block = StatsBlock(Once());
  EXPECT_NE(block.find("tier     untracked: copies expire after untracked_ttl\n"
                       "breaker  open: the remote is not used; opened 0\n"),
            std::string::npos)
      << block;
}

TEST_F(StatsTextTest, PrometheusHasAllFigures) {
  MakeTier();
  now_.stats.entries = 36;
  now_.file_bytes = {28672, 32};
  traits_.location = "a\xff";
  const std::string text = Prometheus(Once());
  for (const char* const line :
       {"appcache_hits_total{cache=\"a\\\\xff\"} 0\n",
        "appcache_entries{cache=\"a\\\\xff\"} 36\n",
        "appcache_file_bytes{cache=\"a\\\\xff\"} 28672\n",
        "appcache_tier_coherent{cache=\"a\\\\xff\"} 1\n",
        "appcache_tier_local_hits_total{cache=\"a\\\\xff\"} 3\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " in " << text;
  }
}

TEST_F(StatsTextTest, MicrometerHasTheFiguresThatItHasNamesFor) {
  MakeTier();
  now_.stats.entries = 36;
  traits_.location = "a\xff";
  const std::string text = Micrometer(Once());
  const std::string label = "{cache=\"a\\\\xff\",name=\"a\\\\xff\"";
  EXPECT_NE(text.find("cache_gets_total" + label + ",result=\"hit\"} 0\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("cache_size" + label + "} 36\n"), std::string::npos);
  EXPECT_EQ(text.find("appcache_"), std::string::npos);
}

TEST(ScreenTest, TextIsCutToTheSizeOfTheScreen) {
  EXPECT_EQ(DrawInPlace("one\ntwo\n", {.rows = 9, .columns = 9}),
            "\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J");
  EXPECT_EQ(DrawInPlace("one\ntwo\n", {.rows = 2, .columns = 2}),
            "\x1b[Ho\u2026\n\x1b[J");
}

// A full line is not followed by an erasure, which would take its last column.
TEST(ScreenTest, LinesOfWideCharactersAreCutToTheColumns) {
  EXPECT_EQ(DrawInPlace("\u6f22\u5b57ab\n", {.rows = 9, .columns = 6}),
            "\x1b[H\u6f22\u5b57ab\n\x1b[J");
  EXPECT_EQ(DrawInPlace("\u6f22\u5b57abc\n", {.rows = 9, .columns = 6}),
            "\x1b[H\u6f22\u5b57a\u2026\n\x1b[J");
  // Half of a wide character cannot be drawn.
  EXPECT_EQ(DrawInPlace("\u6f22\u5b57\u6f22\n", {.rows = 9, .columns = 4}),
            "\x1b[H\u6f22\u2026\x1b[K\n\x1b[J");
  // Combining marks take no column, emoji take two.
  EXPECT_EQ(
      DrawInPlace("e\u0301e\u0301\U0001F600\n", {.rows = 9, .columns = 4}),
      "\x1b[He\u0301e\u0301\U0001F600\n\x1b[J");
}

}  // namespace
}  // namespace appcache::command::stats_text_test
