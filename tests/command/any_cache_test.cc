// The commands that work on any cache, with each backend except SQLite, which
// the other tests use.

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "tests/command/command.h"
#include "tests/servers/memcached_server.h"
#include "tests/servers/redis_server.h"

namespace appcache::command::any_cache_test {
namespace {

using Json = nlohmann::json;

// The parameter is the name of the backend.
class AnyCacheTest : public CommandTest,
                     public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "redis") {
      redis_.emplace();
      uri_ = "redis+unix://" + redis_->socket_path() + "?" + kPatient;
    } else if (GetParam() == "memcached") {
      memcached_.emplace();
      uri_ = "memcached+unix://" + memcached_->socket_path() + "?" + kPatient;
    } else if (GetParam() == "tiered") {
      redis_.emplace();
      uri_ = "tiered:memory:app?max_entries=100|redis+unix://" +
             redis_->socket_path() + "?" + kPatient;
    } else {
      uri_ = "lmdb:" + Path("app");
    }
    ASSERT_EQ(RunOn({"set", "--ttl", "1h", "key", "value"}).status, 0);
    ASSERT_EQ(RunOn({"set", "other", "value"}).status, 0);
  }

  // `words` with --cache and the URI inserted after the command.
  Words On(Words words) const {
    words.insert(words.begin() + 1, {"--cache", uri_});
    return words;
  }
  Output RunOn(const Words& words) { return Run(On(words)); }

  std::optional<RedisServer> redis_;
  std::optional<MemcachedServer> memcached_;
  std::string uri_;
};

TEST_P(AnyCacheTest, GetFindsAnEntryUntilItIsRemoved) {
  EXPECT_EQ(RunOn({"get", "key"}).out, "value");
  EXPECT_EQ(RunOn({"get", "--key-path", "pyappcache/key"}).out, "value");
  const Output removed = RunOn({"del", "key", "missing", "other"});
  EXPECT_EQ(removed.status, 0);
  EXPECT_EQ(removed.out, "2 removed\n");
  EXPECT_EQ(RunOn({"get", "key"}).status, 1);
  EXPECT_EQ(RunOn({"ttl", "key"}).status, 1);
}

TEST_P(AnyCacheTest, KeysAndValuesMayContainAnyBytes) {
  const std::string key = "a key\n\xff";
  const std::string value("any\0bytes\r\n\xff", 12);
  EXPECT_EQ(RunWithInput(On({"set", key, "-"}), value).status, 0);
  EXPECT_EQ(RunOn({"get", key}).out, value);
}

TEST_P(AnyCacheTest, TtlPrintsSecondsOrNever) {
  const double seconds = std::stod(RunOn({"ttl", "key"}).out);
  EXPECT_GT(seconds, 3000);
  EXPECT_LE(seconds, 3600);
  EXPECT_EQ(RunOn({"ttl", "other"}).out, "never\n");
}

TEST_P(AnyCacheTest, ExpireChangesTheTtlAndKeepsTheValue) {
  EXPECT_EQ(RunOn({"expire", "other", "10m"}).status, 0);
  const double seconds = std::stod(RunOn({"ttl", "other"}).out);
  EXPECT_GT(seconds, 500);
  EXPECT_LE(seconds, 600);
  EXPECT_EQ(RunOn({"expire", "key", "never"}).status, 0);
  EXPECT_EQ(RunOn({"ttl", "key"}).out, "never\n");
  EXPECT_EQ(RunOn({"get", "key"}).out, "value");
  EXPECT_EQ(RunOn({"get", "other"}).out, "value");
  EXPECT_EQ(RunOn({"expire", "missing", "10m"}).status, 1);
  EXPECT_EQ(RunOn({"get", "missing"}).status, 1);
}

// An integer as pylibmc stores it.
TEST_P(AnyCacheTest, ExpireKeepsWhatAnotherClientHasStored) {
  if (GetParam() != "memcached") return;
  EXPECT_EQ(memcached_->Run("set pyappcache/count 2 0 1\r\n7"), "STORED");
  EXPECT_EQ(RunOn({"expire", "count", "10m"}).status, 0);
  EXPECT_EQ(memcached_->Run("incr pyappcache/count 1 noreply\r\n"
                            "get pyappcache/count"),
            "VALUE pyappcache/count 2 1\r\n8\r\nEND");
}

TEST_P(AnyCacheTest, KeysAreListedAndRemovedByPatternWhereThatIsPossible) {
  RunOn({"set", "user/1", "x"});
  RunOn({"set", "user/2", "x"});
  RunOn({"set", "user*", "x"});
  RunOn({"set", "--prefix", "foreign", "user/1", "x"});
  if (GetParam() == "memcached") {
    for (const Words& words :
         {Words{"keys"}, Words{"top"}, Words{"dump"}, Words{"clear", "user/"},
          Words{"del", "--matching", "user/*"}}) {
      const Output output = RunOn(words);
      EXPECT_EQ(output.status, 3);
      EXPECT_EQ(output.out, "");
      EXPECT_NE(output.err.find("a Memcached cache cannot list its entries"),
                std::string::npos)
          << output.err;
    }
    EXPECT_EQ(RunOn({"get", "user/1"}).out, "x");
    return;
  }
  const auto lines = [&](const Words& words) {
    const Output output = RunOn(words);
    EXPECT_EQ(output.err, "");
    return std::count(output.out.begin(), output.out.end(), '\n');
  };
  EXPECT_EQ(lines({"keys"}), 6);
  EXPECT_EQ(lines({"keys", "user/*"}), 2);
  EXPECT_EQ(lines({"keys", "--key-path", "*user/*"}), 3);
  EXPECT_EQ(RunOn({"keys", "user\\*"}).out, "pyappcache/user*\n");
  EXPECT_EQ(lines({"top", "--limit", "3"}), 5);
  EXPECT_EQ(RunOn({"del", "--matching", "user/*", "--dry-run"}).out,
            "2 would be removed\n");
  EXPECT_EQ(lines({"keys", "user/*"}), 2);
  EXPECT_EQ(RunOn({"del", "--matching", "user/[1-1]"}).out, "1 removed\n");
  EXPECT_EQ(RunOn({"get", "user/1"}).status, 1);
  EXPECT_EQ(RunOn({"clear", "user/"}).out, "1 removed\n");
  EXPECT_EQ(RunOn({"get", "user*"}).out, "x");
  // A prefix may end inside a character, here of "\u00fc".
  RunOn({"set", "k\u00fc", "x"});
  EXPECT_EQ(RunOn({"clear", "k\xc3"}).out, "1 removed\n");
  EXPECT_EQ(RunOn({"clear", "--prefix", "foreign"}).out, "1 removed\n");
  EXPECT_EQ(lines({"keys"}), 3);
}

// What is dumped from a cache of one kind can be loaded into another.
TEST_P(AnyCacheTest, DumpsAreLoadedFromAndIntoOtherCaches) {
  WriteFile("lines",
            "{\"key_base64\":\"YQr/\",\"value_base64\":\"/go=\"}\n"
            "{\"key\":\"old\",\"value\":\"\",\"expires_at_ms\":1000}\n");
  EXPECT_EQ(RunOn({"load", "lines"}).out,
            "1 entries loaded, 1 expired ones skipped\n");
  EXPECT_EQ(RunOn({"get", "--key-path", "a\n\xff"}).out, "\xfe\n");
  if (GetParam() == "memcached") return;  // it cannot be dumped
  for (const char* const format : {"binary", "jsonl"}) {
    const std::string file = std::string(format) + ".db";
    EXPECT_EQ(RunOn({"dump", "--format", format, "dump"}).out,
              "3 entries dumped\n");
    const Output loaded = Run({"load", "--cache", file, "dump"});
    EXPECT_EQ(loaded.out, "3 entries loaded\n") << loaded.err;
    EXPECT_EQ(Run({"get", "--cache", file, "--key-path", "a\n\xff"}).out,
              "\xfe\n");
    const double seconds = std::stod(Run({"ttl", "--cache", file, "key"}).out);
    EXPECT_GT(seconds, 3000);
    EXPECT_LE(seconds, 3600);
  }
  RunOn({"clear", "--yes"});
  EXPECT_EQ(RunOn({"load", "dump"}).out, "3 entries loaded\n");
  EXPECT_GT(std::stod(RunOn({"ttl", "key"}).out), 3000);
  EXPECT_EQ(RunOn({"ttl", "other"}).out, "never\n");
}

TEST_P(AnyCacheTest, PingAndStatsDescribeTheBackend) {
  const Output output = RunOn({"ping", "--count", "3", "--json"});
  EXPECT_EQ(output.err, "");
  const Json ping = Json::parse(output.out);
  EXPECT_EQ(ping["backend"], GetParam());
  EXPECT_EQ(ping["pings"], 3);
  EXPECT_EQ(ping["shared"], true);
  EXPECT_EQ(ping["supports_ttl_query"], true);
  const Output stats = RunOn({"stats", "--json"});
  EXPECT_EQ(stats.err, "");
  EXPECT_EQ(Json::parse(stats.out)["backend"], GetParam());
  EXPECT_EQ(Json::parse(stats.out)["version"], ping["version"]);
}

TEST_P(AnyCacheTest, ClearNeedsYesAndRemovesEverything) {
  const Output refused = RunOn({"clear"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("--yes"), std::string::npos) << refused.err;
  EXPECT_EQ(RunOn({"get", "key"}).out, "value");
  EXPECT_EQ(RunOn({"clear", "--yes"}).status, 0);
  EXPECT_EQ(RunOn({"get", "key"}).status, 1);
  EXPECT_EQ(RunOn({"get", "other"}).status, 1);
}

TEST_P(AnyCacheTest, ExecRunsOnceAndReplays) {
  const Words words = On(ExecWords("echo run >> log; echo out"));
  for (int i = 0; i < 2; ++i) {
    const Output output = Run(words);
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "");
  }
  EXPECT_EQ(CountLines("log"), 1u);
}

TEST_P(AnyCacheTest, AStaleRunIsReplayedAndRefreshed) {
  const Words words = On(ExecWords("echo run >> log; wc -l < log",
                                   {"--ttl", "1ms", "--stale", "1h"}));
  EXPECT_EQ(Run(words).out, "1\n");
  const Output stale = Run(words);
  EXPECT_EQ(stale.out, "1\n");
  EXPECT_EQ(stale.err, "");
  AwaitThat([&] { return Run(words).out != "1\n"; });
}

TEST_P(AnyCacheTest, WarmRunsTheCommandAndForgetRemovesTheRun) {
  MakeFifo("started");
  MakeFifo("go");
  const std::string script =
      "echo run >> log; : > started; read x < go; wc -l < log";
  EXPECT_EQ(Run(On(ExecWords(script, {"--forget"}))).status, 1);
  const Output warm = Run(On(ExecWords(script, {"--warm"})));
  EXPECT_EQ(warm.status, 0);
  EXPECT_EQ(warm.out + warm.err, "");
  Await("started");
  const auto opened = Release("go");
  // Waits for the run in the background, if it has not ended yet.
  EXPECT_EQ(Run(On(ExecWords(script))).out, "1\n");
  EXPECT_EQ(Run(On(ExecWords(script, {"--forget"}))).status, 0);
  EXPECT_EQ(Run(On(ExecWords(script, {"--forget"}))).status, 1);
}

TEST_P(AnyCacheTest, RunsAreListedByACacheThatLists) {
  EXPECT_EQ(Run(On(ExecWords("echo one"))).status, 0);
  EXPECT_EQ(Run(On(ExecWords("echo two"))).status, 0);
  const Output listed = RunOn({"exec", "--list", "--json"});
  if (GetParam() == "memcached") {
    EXPECT_EQ(listed.status, 3);
    EXPECT_NE(listed.err.find("cannot list its entries"), std::string::npos)
        << listed.err;
    return;
  }
  EXPECT_EQ(listed.status, 0) << listed.err;
  const Json runs = Json::parse(listed.out);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["command"].back(), "echo two");
  EXPECT_EQ(runs[1]["command"].back(), "echo one");
}

// Every subset of the standard streams closed at the start: nothing that is
// printed is sent to a server, or written to a file of the cache.
TEST_P(AnyCacheTest, ClosedStreamsAreNotReplacedByTheCache) {
  setenv("APPCACHE", Binary().c_str(), 1);
  const std::string cache = " --cache '" + uri_ + "' ";
  const std::string prints = "printf 'FLUSHALL\\r\\nflush_all\\r\\n'";
  const std::string scripts[] = {
      "set" + cache + "third value",
      "exec" + cache + "-- sh -c \"" + prints + " >&2; " + prints + "\""};
  for (int closed = 0; closed < 8; ++closed) {
    std::string streams;
    if ((closed & 1) != 0) streams += " <&-";
    if ((closed & 2) != 0) streams += " >&-";
    if ((closed & 4) != 0) streams += " 2>&-";
    std::string script;
    for (const std::string& words : scripts) {
      script += "\"$APPCACHE\" " + words + streams + "\n";
    }
    Run({"exec", "--cache", "/dev/null/x", "--", "bash", "-c", script});
    EXPECT_EQ(RunOn({"get", "key"}).out, "value") << streams;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, AnyCacheTest,
                         ::testing::Values("redis", "memcached", "lmdb",
                                           "tiered"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace appcache::command::any_cache_test
