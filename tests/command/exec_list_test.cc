// appcache exec --list and --forget, and the errors of their command lines.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "tests/command/command.h"
#include "tests/command/exec_records.h"

namespace appcache::command::exec_list_test {
namespace {

using Json = nlohmann::json;

class ExecListTest : public CommandTest {
 protected:
  Json List() {
    const Output output = Run({"exec", "--list", "--json"});
    EXPECT_EQ(output.status, 0) << output.err;
    EXPECT_EQ(output.err, "");
    return Json::parse(output.out);
  }
  std::string CacheFile() const { return Path("xdg/appcache/cache.db"); }
};

TEST_F(ExecListTest, AnEmptyCacheHasNoRuns) {
  EXPECT_EQ(List(), Json::array());
  const Output table = Run({"exec", "--list"});
  EXPECT_EQ(table.status, 0);
  EXPECT_EQ(std::count(table.out.begin(), table.out.end(), '\n'), 1);
}

TEST_F(ExecListTest, ARunIsListedWithItsCommandAndItsScopes) {
  setenv("TOKEN", "secret", 1);
  WriteFile("input", "text");
  EXPECT_EQ(Exec("echo out; echo err >&2",
                 {"--ttl", "1h", "--stale", "1d", "--scope", "cwd", "--scope",
                  "env:TOKEN", "--scope", "file:input", "--scope", "mine"})
                .status,
            0);
  unsetenv("TOKEN");
  const Json runs = List();
  ASSERT_EQ(runs.size(), 1u);
  const Json& run = runs[0];
  EXPECT_EQ(run["command"], Json({"sh", "-c", "echo out; echo err >&2"}));
  EXPECT_TRUE(run["program"].get<std::string>().ends_with("/sh"));
  EXPECT_EQ(run["scopes"], Json({"cwd:" + dir_.path(), "env:TOKEN",
                                 "file:input", "name:mine"}));
  EXPECT_EQ(run["exit_status"], 0);
  EXPECT_EQ(run["output_bytes"], 8);
  EXPECT_EQ(run["fresh"], true);
  const int64_t recorded = run["recorded_at_ms"];
  EXPECT_EQ(run["stale_at_ms"], recorded + 3'600'000);
  EXPECT_GE(run["expires_at_ms"], recorded + 25 * 3'600'000);
  EXPECT_EQ(Run({"keys"}).out, run["key"].get<std::string>() + "\n");
  EXPECT_EQ(run.size(), 10u);
  const Output table = Run({"exec", "--list"});
  EXPECT_NE(
      table.out.find("sh -c 'echo out; echo err >&2' [cwd:" + dir_.path() +
                     "] [env:TOKEN] [file:input] [name:mine]\n"),
      std::string::npos)
      << table.out;
  EXPECT_EQ(table.out.find("secret"), std::string::npos);
}

TEST_F(ExecListTest, ADamagedEntryThatIsNoRunIsNotRead) {
  EXPECT_EQ(Exec("echo out").status, 0);
  EXPECT_EQ(Run({"set", "foreign", "the foreign value"}).status, 0);
  const std::string file = "xdg/appcache/cache.db";
  std::string bytes = ReadFile(file);
  const size_t at = bytes.find("the foreign value");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'T';
  WriteFile(file, bytes);
  EXPECT_EQ(List().size(), 1u);  // and no warning
}

TEST_F(ExecListTest, TheMostRecentRunIsFirstAndAStaleOneIsMarked) {
  EXPECT_EQ(Exec("echo old", {"--ttl", "1h", "--stale", "1d"}).status, 0);
  MakeOlder(CacheFile(), std::chrono::hours(2));
  EXPECT_EQ(Exec("exit 3", {"--ttl", "0", "--cache-failures"}).status, 3);
  const Json runs = List();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0]["exit_status"], 3);
  EXPECT_EQ(runs[0]["stale_at_ms"], nullptr);
  EXPECT_EQ(runs[0]["expires_at_ms"], nullptr);
  EXPECT_EQ(runs[1]["fresh"], false);
  const std::string table = Run({"exec", "--list"}).out;
  EXPECT_NE(table.find("2h0m  stale       never   4 B       0  sh -c"),
            std::string::npos)
      << table;
}

TEST_F(ExecListTest, WordsOfAnyBytesAreShown) {
  EXPECT_EQ(Run({"exec", "--", "echo", "it's", "", "\x1b[31m", "\xff"}).status,
            0);
  const Json runs = List();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_FALSE(runs[0].contains("command"));
  EXPECT_EQ(runs[0]["command_base64"],
            Json({"ZWNobw==", "aXQncw==", "", "G1szMW0=", "/w=="}));
  const std::string table = Run({"exec", "--list"}).out;
  EXPECT_NE(table.find("echo 'it'\\''s' '' '\\x1b[31m' '\\xff'\n"),
            std::string::npos)
      << table;
}

TEST_F(ExecListTest, OtherEntriesAreNotListedAndDamagedRecordsAreReported) {
  EXPECT_EQ(Run({"set", "key", "value"}).status, 0);
  EXPECT_EQ(Run({"set", "exec/0123/refresh", "1"}).status, 0);
  EXPECT_EQ(Run({"set", "exec/0123", "garbage"}).status, 0);
  const Output output = Run({"exec", "--list", "--json"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "[]\n");
  EXPECT_NE(output.err.find("warning: \"pyappcache/exec/0123\": "),
            std::string::npos)
      << output.err;
  EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1);
}

TEST_F(ExecListTest, ACacheThatCannotListIsAnError) {
  const Output output =
      Run({"exec", "--list", "--cache", "memcached://localhost"});
  EXPECT_EQ(output.status, 3);
  EXPECT_NE(output.err.find("cannot list its entries"), std::string::npos)
      << output.err;
}

TEST_F(ExecListTest, AForgottenRunIsRunAgain) {
  const std::string script = "echo run >> log";
  const Words scope = {"--scope", "mine"};
  EXPECT_EQ(Exec(script, scope).status, 0);
  EXPECT_EQ(Exec(script).status, 0);
  Words forget = {"--forget"};
  forget.insert(forget.end(), scope.begin(), scope.end());
  const Output removed = Exec(script, forget);
  EXPECT_EQ(removed.status, 0);
  EXPECT_EQ(removed.out, "");
  EXPECT_EQ(removed.err, "");
  EXPECT_EQ(Exec(script, forget).status, 1);
  EXPECT_EQ(List().size(), 1u);  // the run without the scope
  EXPECT_EQ(Exec(script, scope).status, 0);
  EXPECT_EQ(CountLines("log"), 3u);
}

TEST_F(ExecListTest, ForgetNeedsACache) {
  EXPECT_EQ(Exec("true", {"--forget", "--cache", "missing.db"}).status, 3);
}

TEST_F(ExecListTest, TheEnvironmentHasDefaultsForExecOnly) {
  setenv("APPCACHE_TTL", "nonsense", 1);
  const Output output = Exec("echo run >> log");
  EXPECT_EQ(output.status, 2);
  EXPECT_EQ(output.err.find("appcache: exec: APPCACHE_TTL: "), 0u)
      << output.err;
  EXPECT_EQ(CountLines("log"), 0u);
  EXPECT_EQ(Run({"set", "key", "value"}).status, 0);
  EXPECT_EQ(Run({"exec", "--list"}).status, 0);
  setenv("APPCACHE_TTL", "10m", 1);
  // The command has them too.
  EXPECT_EQ(Exec("echo $APPCACHE_TTL").out, "10m\n");
  unsetenv("APPCACHE_TTL");
}

}  // namespace
}  // namespace appcache::command::exec_list_test
