// appcache exec --stale and --warm: runs in the background.

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "engine/support/sanitizers.h"
#include "tests/command/command.h"
#include "tests/command/exec_records.h"

namespace appcache::command::exec_stale_test {
namespace {

using std::chrono::hours;

class ExecStaleTest : public CommandTest {
 protected:
  // A run of this script prints how many runs have begun before it ends. It
  // waits to be released.
  const std::string script_ =
      "echo run >> log; : > started; read x < go; wc -l < log";
  const Words stale_ = {"--ttl", "1h", "--stale", "1d"};

  void SetUp() override {
    MakeFifo("started");
    MakeFifo("go");
  }

  std::string CacheFile() const { return Path("xdg/appcache/cache.db"); }
  void MakeRunsOlder(hours time) const { MakeOlder(CacheFile(), time); }

  // Records a run of script_ that is stale.
  void RecordStaleRun() {
    Running first = Start(ExecWords(script_, stale_));
    Await("started");
    const auto opened = Release("go");
    EXPECT_EQ(first.Wait().out, "1\n");
    MakeRunsOlder(hours(2));
  }

  // Waits until no process runs a command.
  void AwaitIdle() const { CommandTest::AwaitIdle(CacheFile() + "-exec"); }
};

TEST_F(ExecStaleTest, AStaleRunIsReplayedWhileOneProcessRefreshesIt) {
  // They are slow under a sanitizer.
  constexpr int kCallers = internal::kAddressSanitizer ? 20 : 100;
  RecordStaleRun();
  std::vector<Running> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.push_back(Start(ExecWords(script_, stale_)));
  }
  // All end while the command runs in the background.
  for (Running& caller : callers) {
    const Output output = caller.Wait();
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "1\n");
    EXPECT_EQ(output.err, "");
  }
  Await("started");
  const auto opened = Release("go");
  AwaitIdle();
  EXPECT_EQ(Exec(script_, stale_).out, "2\n");
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecStaleTest, AProcessThatRunsTheCommandInTheForegroundIsNotRepeated) {
  RecordStaleRun();
  Running refresh = Start(ExecWords(script_, {"--refresh", "--stale", "1d"}));
  Await("started");
  EXPECT_EQ(Exec(script_, stale_).out, "1\n");
  const auto opened = Release("go");
  EXPECT_EQ(refresh.Wait().out, "2\n");
  EXPECT_EQ(Exec(script_, stale_).out, "2\n");
  EXPECT_EQ(CountLines("log"), 2u);
}

// A caller that reads a pipe to its end does not wait for the refresh, also if
// the pipe has another number than those of the standard streams.
TEST_F(ExecStaleTest, TheRefreshKeepsNoPipeOfTheCallerOpen) {
  RecordStaleRun();
  WriteFile("caller", "x=$(\"$APPCACHE\" exec --stale 1d -- sh -c '" + script_ +
                          "' 3>&1 9>&1)\necho \"got $x\"\n");
  setenv("APPCACHE", Binary().c_str(), 1);
  EXPECT_EQ(Run({"exec", "--cache", "outer.db", "--", "sh", "caller"}).out,
            "got 1\n");
  Await("started");
  const auto opened = Release("go");
  AwaitIdle();
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecStaleTest, TheRefreshHasASessionOfItsOwnAndTheSettingsOfTheCaller) {
  // The session is the fourth field after the name.
  const std::string script =
      "set -- $(cat /proc/$$/stat); echo $6 >> session; "
      "readlink /proc/$$/fd/0 >> input; "
      "(pwd; echo $SETTING; umask; ulimit -Hc; ulimit -Sc) >> settings$RUN";
  setenv("SETTING", "value", 1);
  EXPECT_EQ(Exec("RUN=1; " + script).status, 0);
  EXPECT_EQ(Exec("RUN=2; " + script, stale_).status, 0);
  std::filesystem::remove(Path("session"));
  std::filesystem::remove(Path("input"));
  std::filesystem::remove(Path("settings2"));
  MakeRunsOlder(hours(2));
  EXPECT_EQ(Exec("RUN=2; " + script, stale_).status, 0);
  AwaitIdle();
  EXPECT_NE(ReadFile("session"), std::to_string(getsid(0)) + "\n");
  EXPECT_EQ(ReadFile("input"), "/dev/null\n");
  EXPECT_EQ(CountLines("settings1"), 5u);
  EXPECT_EQ(ReadFile("settings1"), ReadFile("settings2"));
  unsetenv("SETTING");
}

TEST_F(ExecStaleTest, ARefreshThatFailsKeepsTheRunAndIsNotRepeatedAtOnce) {
  const std::string script =
      "[ -e fail ] && echo failed >> log && exit 7; echo ok";
  EXPECT_EQ(Exec(script, stale_).out, "ok\n");
  MakeRunsOlder(hours(2));
  WriteFile("fail", "");
  for (int call = 0; call < 4; ++call) {
    const Output output = Exec(script, stale_);
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "ok\n");
    EXPECT_EQ(output.err, "");
    AwaitIdle();
    EXPECT_EQ(CountLines("log"), 1u);
    KeepTriedRefreshes(CacheFile());
  }
  ForgetTriedRefreshes(CacheFile());
  EXPECT_EQ(Exec(script, stale_).out, "ok\n");
  AwaitIdle();
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecStaleTest, ARefreshThatIsKilledKeepsTheRunAndIsNotRepeatedAtOnce) {
  const std::string script =
      "echo run >> log; echo $PPID > pid; : > started; read x < go; "
      "echo end >> ends; echo out";
  Running first = Start(ExecWords(script, stale_));
  Await("started");
  const auto opened = Release("go");
  first.Wait();
  MakeRunsOlder(hours(2));
  EXPECT_EQ(Exec(script, stale_).out, "out\n");
  Await("started");
  pid_t refresher = 0;
  std::ifstream(Path("pid")) >> refresher;
  ASSERT_GT(refresher, 1);
  ASSERT_EQ(kill(refresher, SIGKILL), 0);
  // It may not have exited yet.
  AwaitIdle();
  KeepTriedRefreshes(CacheFile());
  // The lock is free, but the next caller does not run the command.
  EXPECT_EQ(Exec(script, stale_).out, "out\n");
  AwaitIdle();
  EXPECT_EQ(CountLines("log"), 2u);
  const auto reopened = Release("go");
  AwaitLines("ends", 2);
}

TEST_F(ExecStaleTest, ARefreshWithTooMuchOutputRemovesTheRun) {
  const std::string script =
      "echo run >> log; [ -e more ] && echo more; echo out";
  const Words options = {"--stale", "1d", "--max-output", "16"};
  EXPECT_EQ(Exec(script, options).out, "out\n");
  MakeRunsOlder(hours(2));
  WriteFile("more", "");
  EXPECT_EQ(Exec(script, options).out, "out\n");
  AwaitIdle();
  const Output output = Exec(script, options);
  EXPECT_EQ(output.out, "more\nout\n");
  EXPECT_NE(output.err.find("--max-output"), std::string::npos);
  EXPECT_EQ(CountLines("log"), 3u);
}

TEST_F(ExecStaleTest, ARunThatIsOlderThanTtlAndStaleIsRunInTheForeground) {
  const std::string script = "echo run >> log; wc -l < log";
  EXPECT_EQ(Exec(script, stale_).out, "1\n");
  MakeRunsOlder(hours(26));
  EXPECT_EQ(Exec(script, stale_).out, "2\n");
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecStaleTest, AStaleRunIsNotReplayedWithoutTheOption) {
  const std::string script = "echo run >> log; wc -l < log";
  EXPECT_EQ(Exec(script, stale_).out, "1\n");
  MakeRunsOlder(hours(2));
  // The ttl of the record counts also if that of the caller is longer.
  EXPECT_EQ(Exec(script, {"--ttl", "1d"}).out, "2\n");
}

TEST_F(ExecStaleTest, RefreshRunsAStaleCommandInTheForeground) {
  const std::string script = "echo run >> log; wc -l < log";
  EXPECT_EQ(Exec(script, stale_).out, "1\n");
  MakeRunsOlder(hours(2));
  EXPECT_EQ(Exec(script, {"--ttl", "1h", "--stale", "1d", "--refresh"}).out,
            "2\n");
  EXPECT_EQ(Exec(script, stale_).out, "2\n");
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecStaleTest, AStaleRunInAReadOnlyCacheIsReplayed) {
  namespace fs = std::filesystem;
  const std::string script = "echo run >> log; wc -l < log";
  const Words options = {"--ttl", "1h", "--stale", "1d", "--cache", "own/x.db"};
  fs::create_directory(Path("own"));
  EXPECT_EQ(Exec(script, options).out, "1\n");
  MakeOlder(Path("own/x.db"), hours(2));
  for (const auto& entry : fs::directory_iterator(Path("own"))) {
    fs::permissions(entry.path(), fs::perms::owner_read);
  }
  fs::permissions(Path("own"), fs::perms::owner_read | fs::perms::owner_exec);
  const Output output = RunWithoutPrivileges(ExecWords(script, options));
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "1\n");
  EXPECT_EQ(output.err, "");
  EXPECT_EQ(CountLines("log"), 1u);
  fs::permissions(Path("own"), fs::perms::owner_all);
}

TEST_F(ExecStaleTest, ARecordLivesForTheSumOfTtlAndStale) {
  EXPECT_EQ(Exec("echo out", {"--ttl", "10m", "--stale", "1h"}).status, 0);
  const std::string key = Run({"keys"}).out;
  const std::string prefix = "pyappcache/";
  ASSERT_TRUE(key.starts_with(prefix));
  const Output ttl =
      Run({"ttl", key.substr(prefix.size(), key.size() - prefix.size() - 1)});
  const double seconds = atof(ttl.out.c_str());
  EXPECT_LE(seconds, 4200.001);
  EXPECT_GT(seconds, 4200 - 600);
}

TEST_F(ExecStaleTest, WarmRunsTheCommandInTheBackgroundOnce) {
  const Words warm = {"--warm"};
  for (int call = 0; call < 3; ++call) {
    const Output output = Exec(script_, warm);
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "");
    EXPECT_EQ(output.err, "");
    if (call == 0) Await("started");
  }
  const auto opened = Release("go");
  AwaitIdle();
  EXPECT_EQ(Exec(script_).out, "1\n");
  EXPECT_EQ(CountLines("log"), 1u);
}

TEST_F(ExecStaleTest, WarmReplacesACachedRun) {
  const std::string script = "echo run >> log; wc -l < log";
  EXPECT_EQ(Exec(script).out, "1\n");
  EXPECT_EQ(Exec(script, {"--warm"}).out, "");
  AwaitIdle();
  EXPECT_EQ(Exec(script).out, "2\n");
}

TEST_F(ExecStaleTest, WarmDoesNotRunTheCommandWithoutACache) {
  const std::string script = "echo run >> log";
  const Output output =
      Exec(script, {"--warm", "--cache", "/dev/null/cache.db"});
  EXPECT_EQ(output.status, 3);
  EXPECT_EQ(output.out, "");
  EXPECT_EQ(output.err.find("appcache: cannot warm the cache: "), 0u)
      << output.err;
  EXPECT_EQ(Exec(script, {"--warm", "--cache", "sqlite:x?no=1"}).status, 2);
  EXPECT_EQ(CountLines("log"), 0u);
}

TEST_F(ExecStaleTest, WarmReportsAProgramThatCannotBeExecuted) {
  const Output missing = Run({"exec", "--warm", "--", "nosuchcmd"});
  EXPECT_EQ(missing.status, 127);
  EXPECT_EQ(missing.err,
            "appcache: cannot run \"nosuchcmd\": command not found\n");
  WriteFile("text", "");
  EXPECT_EQ(Run({"exec", "--warm", "--", "./text"}).status, 126);
  EXPECT_EQ(Run({"exec", "--warm", "--", "./missing"}).status, 127);
}

// The run that is in progress would otherwise be stored after it.
TEST_F(ExecStaleTest, ForgetWaitsForARunInTheBackground) {
  EXPECT_EQ(Exec(script_, {"--warm"}).status, 0);
  Await("started");
  const Output refused = Exec(script_, {"--forget", "--wait", "1ms"});
  EXPECT_EQ(refused.status, 3);
  EXPECT_NE(refused.err.find("still runs the command"), std::string::npos)
      << refused.err;
  Running forget = Start(ExecWords(script_, {"--forget"}));
  AwaitWaiter(CacheFile() + "-exec");
  const auto opened = Release("go");
  EXPECT_EQ(forget.Wait().status, 0);
  AwaitIdle();
  EXPECT_EQ(Exec(script_, {"--forget"}).status, 1);
}

TEST_F(ExecStaleTest, ForgetRemovesTheMarkOfAFailedRefresh) {
  const std::string script = "[ -e fail ] && exit 7; echo run >> log; echo ok";
  EXPECT_EQ(Exec(script, stale_).status, 0);
  MakeRunsOlder(hours(2));
  WriteFile("fail", "");
  EXPECT_EQ(Exec(script, stale_).status, 0);
  AwaitIdle();
  EXPECT_EQ(Exec(script, {"--forget"}).status, 0);
  EXPECT_EQ(Run({"keys"}).out, "");
}

TEST_F(ExecStaleTest, ACommandThatForgetsItselfDoesNotWait) {
  WriteFile("self",
            "\"$APPCACHE\" exec --forget --wait 1d -- sh self; echo $? >> "
            "statuses\n");
  setenv("APPCACHE", Binary().c_str(), 1);
  EXPECT_EQ(Run({"exec", "--wait", "1d", "--", "sh", "self"}).status, 0);
  EXPECT_EQ(ReadFile("statuses"), "3\n");
}

TEST_F(ExecStaleTest, ACommandThatWarmsItselfRunsOnce) {
  WriteFile("self",
            "echo run >> log; \"$APPCACHE\" exec --warm -- sh self; "
            "echo $? >> statuses\n");
  setenv("APPCACHE", Binary().c_str(), 1);
  EXPECT_EQ(Run({"exec", "--", "sh", "self"}).status, 0);
  EXPECT_EQ(ReadFile("statuses"), "3\n");
  EXPECT_EQ(CountLines("log"), 1u);
}

}  // namespace
}  // namespace appcache::command::exec_stale_test
