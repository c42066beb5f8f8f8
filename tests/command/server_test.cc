// The commands on a Redis server, and ping.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/command/command.h"
#include "tests/servers/redis_server.h"

namespace appcache::command::server_test {
namespace {

using Json = nlohmann::json;

class ServerTest : public CommandTest {
 protected:
  // `words` with --cache and the URI inserted after the command.
  Words OnServer(const Words& words) const {
    Words all = words;
    all.insert(all.begin() + 1, {"--cache", uri_});
    return all;
  }
  Output RunOnServer(const Words& words) { return Run(OnServer(words)); }

  RedisServer server_;
  const std::string uri_ =
      "redis+unix://" + server_.socket_path() + "?" + kPatient;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ServerTest, SetGetTtlAndDelWork) {
  EXPECT_EQ(RunOnServer({"set", "--ttl", "1h", "key", "value"}).status, 0);
  EXPECT_EQ(RunOnServer({"set", "other", "value"}).status, 0);
  EXPECT_EQ(server_.Run("GET pyappcache/key"), "value");
  EXPECT_EQ(RunOnServer({"get", "key"}).out, "value");
  EXPECT_GT(std::stod(RunOnServer({"ttl", "key"}).out), 3000);
  EXPECT_EQ(RunOnServer({"ttl", "other"}).out, "never\n");
  EXPECT_EQ(RunOnServer({"del", "key", "missing", "other"}).out, "2 removed\n");
  EXPECT_EQ(RunOnServer({"get", "key"}).status, 1);
  EXPECT_EQ(RunOnServer({"ttl", "key"}).status, 1);
}

TEST_F(ServerTest, AHostAndAPortNameTheServer) {
  const std::string uri =
      "redis://127.0.0.1:" + std::to_string(server_.port()) + "/2?prefix=app&" +
      kPatient;
  EXPECT_EQ(Run({"set", "--cache", uri, "key", "value"}).status, 0);
  server_.Run("SELECT 2");
  EXPECT_EQ(server_.Run("GET app/key"), "value");
}

TEST_F(ServerTest, ThePrefixOptionOverridesTheUri) {
  const std::string uri = uri_ + "&prefix=app";
  Run({"set", "--cache", uri, "key", "1"});
  Run({"set", "--cache", uri, "--prefix", "named", "key", "2"});
  Run({"set", "--cache", uri, "--key-path", "key", "3"});
  EXPECT_EQ(server_.Run("GET app/key"), "1");
  EXPECT_EQ(server_.Run("GET named/key"), "2");
  EXPECT_EQ(server_.Run("GET key"), "3");
}

TEST_F(ServerTest, StatsPrintsUnknownFiguresAsUnknown) {
  const Output output = RunOnServer({"stats"});
  EXPECT_EQ(output.status, 0);
  EXPECT_TRUE(Contains(output.out, "version  Redis "));
  EXPECT_TRUE(Contains(output.out, "not reported by a Redis cache"));
  const Json stats = Json::parse(RunOnServer({"stats", "--json"}).out);
  EXPECT_EQ(stats["backend"], "redis");
  EXPECT_EQ(stats["entries"], nullptr);
}

TEST_F(ServerTest, ClearPrintsWhatItRemovesAndNeedsYes) {
  server_.Run("SET somebodys key");
  const Output refused = RunOnServer({"clear"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_TRUE(Contains(refused.err, "FLUSHDB")) << refused.err;
  EXPECT_TRUE(Contains(refused.err, "--yes"));
  EXPECT_EQ(server_.Run("DBSIZE"), ":1");
  EXPECT_TRUE(Contains(RunOnServer({"clear", "--yes"}).out, "FLUSHDB"));
  EXPECT_EQ(server_.Run("DBSIZE"), ":0");
}

TEST_F(ServerTest, KeysOfOtherTypesAreNeitherListedNorRemoved) {
  server_.Run("RPUSH pyappcache/list a");
  RunOnServer({"set", "text", "value"});
  EXPECT_EQ(RunOnServer({"keys"}).out, "pyappcache/text\n");
  RunOnServer({"dump", "--format", "jsonl", "out"});
  EXPECT_EQ(CountLines("out"), 3u);
  EXPECT_EQ(RunOnServer({"del", "--matching", "*"}).out, "1 removed\n");
  EXPECT_EQ(server_.Run("LLEN pyappcache/list"), ":1");
}

// More than one page of SCAN, and more than one transaction of values.
TEST_F(ServerTest, ManyEntriesAreDumpedAndRemoved) {
  std::string lines;
  for (int i = 0; i < 3000; ++i) {
    lines += "{\"key\":\"pyappcache/" + std::to_string(i) + "\",\"value\":\"" +
             std::string(500, 'v') + "\"}\n";
  }
  WriteFile("lines", lines);
  EXPECT_EQ(RunOnServer({"load", "lines"}).out, "3000 entries loaded\n");
  EXPECT_EQ(server_.Run("DBSIZE"), ":3000");
  EXPECT_EQ(RunOnServer({"dump", "out"}).out, "3000 entries dumped\n");
  EXPECT_EQ(RunOnServer({"clear", "2"}).out, "1111 removed\n");
  EXPECT_EQ(server_.Run("DBSIZE"), ":1889");
  EXPECT_EQ(RunOnServer({"load", "out"}).out, "3000 entries loaded\n");
  EXPECT_EQ(server_.Run("DBSIZE"), ":3000");
}

TEST_F(ServerTest, CommandsForSqliteFilesAreRefused) {
  const Output check = RunOnServer({"check"});
  EXPECT_EQ(check.status, 3);
  EXPECT_TRUE(Contains(check.err, "a Redis cache cannot be verified"))
      << check.err;
  EXPECT_TRUE(Contains(check.err, "SQLite file")) << check.err;
  WriteFile("trace", "a\nb\n");
  const Output output = RunOnServer({"replay", "trace"});
  EXPECT_EQ(output.status, 3);
  EXPECT_TRUE(Contains(output.err, "a Redis cache cannot report"))
      << output.err;
}

TEST_F(ServerTest, LimitsAreRefused) {
  for (const Words& words :
       {Words{"set", "--max-entries", "3", "key", "value"},
        Words{"set", "--max-bytes", "1KiB", "key", "value"},
        Words{"exec", "--max-entries", "3", "--", "echo", "out"}}) {
    const Output output = RunOnServer(words);
    EXPECT_EQ(output.status, 2);
    EXPECT_EQ(output.out, "");
    EXPECT_TRUE(Contains(output.err, "a Redis cache has no such limit"))
        << output.err;
  }
  EXPECT_EQ(server_.Run("DBSIZE"), ":0");
}

TEST_F(ServerTest, ExecRunsOnceAndReplays) {
  const Words words = OnServer(ExecWords("echo run >> log; echo out; exit 0"));
  for (int i = 0; i < 2; ++i) {
    const Output output = Run(words);
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "");
  }
  EXPECT_EQ(CountLines("log"), 1u);
  EXPECT_TRUE(Contains(server_.Run("KEYS *"), "pyappcache/exec/"));
}

// Those of processes that were killed would accumulate otherwise.
TEST_F(ServerTest, TheCachesOnServersShareALockFile) {
  MakeFifo("started");
  MakeFifo("go");
  const std::string script = ": > started; read x < go";
  Running one = Start(OnServer(ExecWords(script)));
  Await("started");
  // The same command of another database is another run.
  Running two = Start(ExecWords(script, {"--cache", uri_ + "&db=3"}));
  Await("started");
  std::set<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(Path("xdg/appcache"))) {
    files.insert(entry.path().filename());
  }
  EXPECT_EQ(files, std::set<std::string>{"servers-exec"});
  const auto opened = Release("go", 2);
  EXPECT_EQ(one.Wait().status, 0);
  EXPECT_EQ(two.Wait().status, 0);
  EXPECT_TRUE(std::filesystem::is_empty(Path("xdg/appcache")));
}

TEST_F(ServerTest, ConcurrentRunsUseALockInTheUsersDirectory) {
  const Words words = OnServer(ExecWords("echo run >> log; echo out"));
  std::vector<Running> running;
  for (int i = 0; i < 8; ++i) running.push_back(Start(words));
  for (Running& one : running) {
    const Output output = one.Wait();
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "");
  }
  EXPECT_EQ(CountLines("log"), 1u);
  // Removed by the last one.
  EXPECT_TRUE(std::filesystem::is_empty(Path("xdg/appcache")));
}

TEST_F(ServerTest, ExecRunsTheCommandWhenTheServerIsDown) {
  server_.Kill();
  const Output output =
      Run(OnServer(ExecWords("echo out; echo err >&2; exit 5")));
  EXPECT_EQ(output.status, 5);
  EXPECT_EQ(output.out, "out\n");
  EXPECT_TRUE(Contains(output.err, "cannot connect to the Redis server"));
  EXPECT_TRUE(Contains(output.err, "err\n"));
}

TEST_F(ServerTest, OtherCommandsFailWhenTheServerIsDown) {
  server_.Kill();
  for (const Words& words :
       {Words{"get", "key"}, Words{"set", "key", "value"}, Words{"del", "key"},
        Words{"ttl", "key"}, Words{"stats"}, Words{"clear", "--yes"},
        Words{"ping"}, Words{"ping", "--json"}}) {
    const Output output = RunOnServer(words);
    EXPECT_EQ(output.status, 3) << words[0];
    EXPECT_EQ(output.out, "") << words[0];
    EXPECT_TRUE(Contains(output.err, "cannot connect to the Redis server"));
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1);
  }
}

TEST_F(ServerTest, PingDescribesTheBackend) {
  const Output output = RunOnServer({"ping", "--count", "10"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.err, "");
  for (const char* const part :
       {"backend          redis, Redis ", "FLUSHDB", "timeout ", "PINGS",
        "\n   10  ", "persistent       yes"}) {
    EXPECT_TRUE(Contains(output.out, part)) << part << " in\n" << output.out;
  }
}

TEST_F(ServerTest, PingAsJsonHasTheSameFields) {
  const Json ping = Json::parse(Run({"ping", "--cache", uri_, "--json"}).out);
  EXPECT_EQ(ping["cache"], server_.socket_path() + ", database 0");
  EXPECT_EQ(ping["backend"], "redis");
  EXPECT_EQ(ping["pings"], 100);
  EXPECT_GT(ping["min_ms"], 0);
  EXPECT_LE(ping["min_ms"], ping["p50_ms"]);
  EXPECT_LE(ping["p50_ms"], ping["p90_ms"]);
  EXPECT_LE(ping["p90_ms"], ping["p99_ms"]);
  EXPECT_LE(ping["p99_ms"], ping["max_ms"]);
  EXPECT_EQ(ping["shared"], true);
  EXPECT_EQ(ping["supports_ttl_query"], true);
  EXPECT_EQ(ping["ttl_resolution_ms"], 1);
  EXPECT_EQ(ping["max_value_bytes"], 512 << 20);
  EXPECT_EQ(ping["limits"]["timeout"], "60000 ms");
  EXPECT_EQ(server_.Run("DBSIZE"), ":0");
}

TEST_F(ServerTest, APasswordIsNeverPrinted) {
  server_.Run("CONFIG SET requirepass hunter2");
  const std::string path = server_.socket_path();
  const std::string right = "redis+unix://:hunter2@" + path;
  EXPECT_EQ(Run({"set", "--cache", right, "key", "value"}).status, 0);
  for (const std::string& uri :
       Words{right, right + "?db=x", right + "?no=1", "redis://:hunter2@",
             "redis://:hunter2@h:x", "redis://ada:x/hunter2@h",
             "redis://ada:1?hunter2@h", "hunter2:x@h",
             "redis+unix://:wrong-hunter2@" + path}) {
    for (const char* const command : {"ping", "stats", "clear", "keys"}) {
      const Output output = Run({command, "--cache", uri});
      EXPECT_FALSE(Contains(output.out + output.err, "hunter2"))
          << output.out << output.err;
    }
  }
}

TEST_F(ServerTest, APasswordInTheWrongPlaceIsNotPrinted) {
  const std::string uri = "redis://ada:hunter2@h";
  for (const Words& words :
       {Words{uri}, Words{"ping", uri}, Words{"get", "key", uri},
        Words{"exec", uri, "--", "ls"}, Words{"ping", "--cashe", uri},
        Words{"ping", "--cashe=" + uri}, Words{"ping", "--count", uri},
        Words{"ping", "--cache", uri, "--cache", uri},
        Words{"ping", "--cache" + uri}, Words{"ping", "--json=" + uri},
        Words{"exec", "--scope", uri, "--", "ls"},
        Words{"exec", "--mode", uri, "--", "ls"}, Words{"top", "--by", uri}}) {
    const Output output = Run(words);
    EXPECT_EQ(output.status, 2);
    EXPECT_FALSE(Contains(output.err, "hunter2")) << output.err;
  }
}

class PingTest : public CommandTest {};

TEST_F(PingTest, PingDescribesASqliteFile) {
  Run({"set", "--cache", "cache.db", "key", "value"});
  const Output output = Run({"ping", "--cache", "cache.db"});
  EXPECT_EQ(output.status, 0);
  EXPECT_TRUE(Contains(output.out, "backend          sqlite, SQLite 3."));
  EXPECT_TRUE(Contains(output.out, "max_entries      none"));
  const Json ping = Json::parse(
      Run({"ping", "--cache", "sqlite:cache.db?max_entries=7", "--json"}).out);
  EXPECT_EQ(ping["backend"], "sqlite");
  EXPECT_EQ(ping["limits"]["max_entries"], "7");
  EXPECT_EQ(ping["persistent"], true);
}

TEST_F(PingTest, PingDoesNotCreateAMissingFile) {
  const Output output = Run({"ping", "--cache", "nope.db"});
  EXPECT_EQ(output.status, 3);
  EXPECT_TRUE(Contains(output.err, "there is no cache at \"nope.db\""));
  EXPECT_FALSE(std::filesystem::exists(Path("nope.db")));
}

TEST_F(PingTest, TheCountHasLimits) {
  for (const char* const count : {"0", "100001", "-1", "many"}) {
    const Output output = Run({"ping", "--count", count});
    EXPECT_EQ(output.status, 2) << count;
    EXPECT_TRUE(Contains(output.err, "--count")) << output.err;
  }
  const Json ping = Json::parse(Run({"ping", "--count", "1", "--json"}).out);
  EXPECT_EQ(ping["pings"], 1);
}

}  // namespace
}  // namespace appcache::command::server_test
