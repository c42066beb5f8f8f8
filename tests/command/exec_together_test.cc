// appcache exec with concurrent runs, and with signals.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/command/command.h"

namespace appcache::command::exec_together_test {
namespace {

class ExecTogetherTest : public CommandTest {
 protected:
  // A command that reports its start and then waits to be released.
  const std::string script_ =
      "echo run >> log; : > started; read x < go; echo out; echo err >&2";

  void SetUp() override {
    MakeFifo("started");
    MakeFifo("go");
  }

  std::string LockFile() const { return Path("xdg/appcache/cache.db-exec"); }
  bool HasLockFile() const { return access(LockFile().c_str(), F_OK) == 0; }

  void AwaitWaiter(int count = 1) const {
    CommandTest::AwaitWaiter(LockFile(), count);
  }
};

TEST_F(ExecTogetherTest, TwoConcurrentRunsExecuteOnce) {
  Running first = Start(ExecWords(script_));
  Await("started");
  Running second = Start(ExecWords(script_));
  AwaitWaiter();
  const auto opened = Release("go");
  for (Running* const running : {&first, &second}) {
    const Output output = running->Wait();
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "err\n");
  }
  EXPECT_EQ(CountLines("log"), 1u);
}

TEST_F(ExecTogetherTest, ManyConcurrentRunsExecuteOnce) {
  const std::string script = "echo run >> log; echo out";
  std::vector<Running> running;
  for (int i = 0; i < 12; ++i) running.push_back(Start(ExecWords(script)));
  for (Running& one : running) {
    const Output output = one.Wait();
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "");
  }
  EXPECT_EQ(CountLines("log"), 1u);
  EXPECT_FALSE(HasLockFile());
}

TEST_F(ExecTogetherTest, TheNextRunRemovesTheLockFileOfAKilledProcess) {
  const std::string script = ": > started; read x < go; echo >> done";
  Running killed = Start(ExecWords(script));
  Await("started");
  killed.Signal(SIGKILL);
  EXPECT_EQ(killed.Wait().status, 1000 + SIGKILL);
  // The process with the lock ends later. It removes the file if it notices the
  // end of the channel before the signal.
  AwaitUnlocked(LockFile());
  EXPECT_EQ(Exec("echo other").out, "other\n");
  EXPECT_FALSE(HasLockFile());
  const auto opened = Release("go");
  AwaitLines("done", 1);
}

TEST_F(ExecTogetherTest, AWaiterTakesOverFromAKilledProcess) {
  const std::string script =
      "echo run >> log; : > started; read x < go; echo >> done; echo out";
  Running first = Start(ExecWords(script));
  Await("started");
  Running second = Start(ExecWords(script));
  AwaitWaiter();
  first.Signal(SIGKILL);
  Await("started");
  // The command of the killed process still runs.
  const auto opened = Release("go", 2);
  EXPECT_EQ(second.Wait().out, "out\n");
  EXPECT_EQ(first.Wait().status, 1000 + SIGKILL);
  EXPECT_EQ(CountLines("log"), 2u);
  EXPECT_FALSE(HasLockFile());
  AwaitLines("done", 2);
}

TEST_F(ExecTogetherTest, AWaiterRunsTheCommandAfterAFailure) {
  const std::string script =
      "echo run >> log; : > started; read x < go; exit 9";
  Running first = Start(ExecWords(script));
  Await("started");
  Running second = Start(ExecWords(script));
  AwaitWaiter();
  const auto opened = Release("go", 2);
  EXPECT_EQ(first.Wait().status, 9);
  Await("started");
  EXPECT_EQ(second.Wait().status, 9);
  EXPECT_EQ(CountLines("log"), 2u);
}

// They would otherwise run one after the other.
TEST_F(ExecTogetherTest, WaitersOfAFailureRunTheCommandAtTheSameTime) {
  const std::string script =
      "echo run >> log; : > started; read x < go; exit 9";
  std::vector<Running> running;
  running.push_back(Start(ExecWords(script)));
  Await("started");
  for (int i = 0; i < 3; ++i) {
    running.push_back(Start(ExecWords(script)));
    AwaitWaiter(i + 1);
  }
  const auto first = Release("go");
  EXPECT_EQ(running[0].Wait().status, 9);
  // Each runs before another one may continue. Nobody waits for their report.
  const auto reports = Release("started", 0);
  AwaitLines("log", 4);
  const auto others = Release("go", 3);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(running[i].Wait().status, 9);
}

TEST_F(ExecTogetherTest, AWaiterRunsTheCommandWhenItsTimeHasPassed) {
  Running first = Start(ExecWords(script_));
  Await("started");
  Running second = Start(ExecWords(script_, {"--wait", "1ms"}));
  Await("started");
  const auto opened = Release("go", 2);
  EXPECT_EQ(second.Wait().out, "out\n");
  EXPECT_EQ(first.Wait().out, "out\n");
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecTogetherTest, ASignalInterruptsTheWait) {
  Running first = Start(ExecWords(script_));
  Await("started");
  Running second = Start(ExecWords(script_));
  AwaitWaiter();
  second.Signal(SIGINT);
  EXPECT_EQ(second.Wait().status, 1000 + SIGINT);
  const auto opened = Release("go");
  EXPECT_EQ(first.Wait().status, 0);
}

TEST_F(ExecTogetherTest, DifferentRunsDoNotWaitForEachOther) {
  Running first = Start(ExecWords(script_));
  Await("started");
  EXPECT_EQ(Exec("echo other").out, "other\n");
  const auto opened = Release("go");
  EXPECT_EQ(first.Wait().status, 0);
}

TEST_F(ExecTogetherTest, SignalsAreForwardedAndDetermineTheExitStatus) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1}) {
    const std::string script = "ulimit -c 0; : > started; exec cat go";
    Running running = Start(ExecWords(script));
    Await("started");
    running.Signal(number);
    EXPECT_EQ(running.Wait().status, 128 + number);
  }
  EXPECT_EQ(Run({"keys"}).out, "");  // a run killed by a signal is not cached
}

TEST_F(ExecTogetherTest, ACommandCanHandleASignal) {
  // A busy loop: a shell may miss a signal that arrives just before a wait.
  const std::string script =
      "trap 'echo caught; exit 5' TERM; : > started; while :; do :; done";
  Running running = Start(ExecWords(script));
  Await("started");
  running.Signal(SIGTERM);
  const Output output = running.Wait();
  EXPECT_EQ(output.status, 5);
  EXPECT_EQ(output.out, "caught\n");
}

TEST_F(ExecTogetherTest, AnIgnoredSignalStaysIgnored) {
  WriteFile("run", "trap '' HUP; exec \"$APPCACHE\" exec -- sh -c '" + script_ +
                       "'\n");
  setenv("APPCACHE", Binary().c_str(), 1);
  Running running = Start({"exec", "--cache", "outer.db", "--", "sh", "run"});
  Await("started");
  running.Signal(SIGHUP);
  const auto opened = Release("go");
  EXPECT_EQ(running.Wait().status, 0);
}

TEST_F(ExecTogetherTest, OutputOfABackgroundProcessIsWaitedFor) {
  const std::string script = "(read x < go; echo late) & : > started";
  Running running = Start(ExecWords(script));
  Await("started");
  const auto opened = Release("go");
  EXPECT_EQ(running.Wait().out, "late\n");
  EXPECT_EQ(Exec(script).out, "late\n");
}

TEST_F(ExecTogetherTest, ASignalAfterTheExitOfTheCommandEndsTheWait) {
  const std::string script =
      "(: > started; read x < go; echo >> done) & exit 0";
  Running running = Start(ExecWords(script));
  Await("started");
  // The command may not have exited yet. Then it gets the signal, and the next
  // signal ends the wait.
  AwaitThat([&] {
    running.Signal(SIGTERM);
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(running.pid()), &info,
           WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid != 0;
  });
  EXPECT_EQ(running.Wait().status, 1000 + SIGTERM);
  EXPECT_EQ(Run({"keys"}).out, "");
  const auto opened = Release("go");
  AwaitLines("done", 1);
}

}  // namespace
}  // namespace appcache::command::exec_together_test
