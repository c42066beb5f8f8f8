// appcache exec in one process at a time: what is replayed, and when.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "tests/command/command.h"

namespace appcache::command::exec_test {
namespace {

class ExecTest : public CommandTest {};

TEST_F(ExecTest, TheSecondRunIsReplayed) {
  const std::string script = "echo run >> log; echo out; echo err >&2";
  for (int run = 0; run < 3; ++run) {
    const Output output = Exec(script);
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out, "out\n");
    EXPECT_EQ(output.err, "err\n");
  }
  EXPECT_EQ(CountLines("log"), 1u);
}

// A process that writes, or one that hangs while it does, delays no replay.
TEST_F(ExecTest, AReplayWaitsForNoWriter) {
  const std::string script = "echo run >> log; echo out";
  EXPECT_EQ(Exec(script, {"--cache", "x.db"}).out, "out\n");
  const int fd = open(Path("x.db-lane").c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(fcntl(fd, F_OFD_SETLK, &lock), 0);
  const Output output = Exec(script, {"--cache", "x.db"});
  EXPECT_EQ(output.out, "out\n");
  EXPECT_EQ(output.err, "");
  EXPECT_EQ(CountLines("log"), 1u);
  close(fd);
}

TEST_F(ExecTest, OutputOfAnyBytesAndSizeIsReplayed) {
  const std::string script =
      "echo run >> log; head -c 300000 /dev/zero; printf '\\377\\001\\n'; "
      "head -c 100000 /dev/zero | tr '\\000' e >&2";
  const Output first = Exec(script);
  EXPECT_EQ(first.out, std::string(300'000, '\0') + "\xff\x01\n");
  EXPECT_EQ(first.err, std::string(100'000, 'e'));
  const Output second = Exec(script);
  EXPECT_EQ(second.out, first.out);
  EXPECT_EQ(second.err, first.err);
  EXPECT_EQ(CountLines("log"), 1u);
}

TEST_F(ExecTest, TheOrderOfBothStreamsIsReplayed) {
  const std::string script =
      "for i in 1 2 3 4 5 6 7 8 9; do echo out$i; echo err$i >&2; done";
  Streams first;
  first.out = Path("first");
  Start(ExecWords(script), first).Wait();
  Streams second;
  second.out = Path("second");
  Start(ExecWords(script), second).Wait();
  EXPECT_EQ(CountLines("first"), 18u);
  EXPECT_EQ(ReadFile("first"), ReadFile("second"));
}

TEST_F(ExecTest, OutputIsPassedOnWhileTheCommandRuns) {
  MakeFifo("go");
  MakeFifo("out");
  Streams streams;
  streams.out = Path("out");
  Running running =
      Start(ExecWords("echo one; read x < go; echo two"), streams);
  const int fd = open(Path("out").c_str(), O_RDONLY | O_CLOEXEC);
  char text[4] = {};
  ASSERT_EQ(read(fd, text, sizeof(text)), 4);
  EXPECT_EQ(std::string(text, 4), "one\n");
  const auto opened = Release("go");
  ASSERT_EQ(read(fd, text, sizeof(text)), 4);
  EXPECT_EQ(std::string(text, 4), "two\n");
  EXPECT_EQ(running.Wait().status, 0);
  close(fd);
}

TEST_F(ExecTest, WordBoundariesArePartOfTheIdentity) {
  EXPECT_EQ(Run({"exec", "--", "printf", "%s,", "a", "b c"}).out, "a,b c,");
  EXPECT_EQ(Run({"exec", "--", "printf", "%s,", "a b", "c"}).out, "a b,c,");
  EXPECT_EQ(Run({"exec", "--", "printf", "%s,", "[a,b]", "{}", ""}).out,
            "[a,b],{},,");
  EXPECT_EQ(Run({"exec", "--", "echo", "--", "--ttl"}).out, "-- --ttl\n");
}

TEST_F(ExecTest, FailuresAreCachedOnlyWithCacheFailures) {
  const std::string script = "echo run >> log; echo no >&2; exit 7";
  for (int run = 0; run < 2; ++run) {
    const Output output = Exec(script);
    EXPECT_EQ(output.status, 7);
    EXPECT_EQ(output.err, "no\n");
  }
  EXPECT_EQ(CountLines("log"), 2u);
  for (int run = 0; run < 2; ++run) {
    const Output output = Exec(script, {"--cache-failures"});
    EXPECT_EQ(output.status, 7);
    EXPECT_EQ(output.err, "no\n");
  }
  EXPECT_EQ(CountLines("log"), 3u);
}

TEST_F(ExecTest, RefreshRunsAgainAndReplacesTheRun) {
  const std::string script = "echo run >> log; wc -l < log";
  EXPECT_EQ(Exec(script).out, "1\n");
  EXPECT_EQ(Exec(script, {"--refresh"}).out, "2\n");
  EXPECT_EQ(Exec(script).out, "2\n");
}

TEST_F(ExecTest, AnExpiredRunIsRunAgain) {
  const std::string script = "echo run >> log";
  Exec(script, {"--ttl", "1ms"});
  // Expiry uses the machine's clock, so a millisecond has to pass.
  AwaitThat([&] {
    EXPECT_EQ(Exec(script, {"--ttl", "1ms"}).status, 0);
    return CountLines("log") >= 2;
  });
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecTest, ARecordThatIsOlderThanTheTtlOfTheRunIsNotReplayed) {
  const std::string script = "echo run >> log";
  Exec(script, {"--ttl", "1h"});
  AwaitThat([&] {
    Exec(script, {"--ttl", "1ms"});
    return CountLines("log") >= 2;
  });
}

TEST_F(ExecTest, ACachedFailureIsReplayedOnlyWithCacheFailures) {
  const std::string script = "echo run >> log; exit 7";
  EXPECT_EQ(Exec(script, {"--cache-failures"}).status, 7);
  EXPECT_EQ(Exec(script).status, 7);
  EXPECT_EQ(CountLines("log"), 2u);
  EXPECT_EQ(Exec(script, {"--cache-failures"}).status, 7);
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecTest, TheFileOfTheProgramIsPartOfTheIdentity) {
  namespace fs = std::filesystem;
  for (const std::string name : {"one", "two"}) {
    fs::create_directory(Path(name));
    WriteFile(name + "/program", "#!/bin/sh\necho " + name + "\n");
    fs::permissions(Path(name + "/program"), fs::perms::owner_all);
  }
  const auto run_in = [&](const std::string& directory,
                          const std::string& program) {
    return Run({"exec", "--cache", "outer.db", "--refresh", "--", "sh", "-c",
                "cd " + directory + "; exec " + Binary() +
                    " exec --cache ../inner.db -- " + program})
        .out;
  };
  EXPECT_EQ(run_in("one", "./program"), "one\n");
  EXPECT_EQ(run_in("two", "./program"), "two\n");
  const std::string path = getenv("PATH");
  setenv("PATH", (Path("one") + ":" + path).c_str(), 1);
  EXPECT_EQ(run_in(".", "program"), "one\n");
  setenv("PATH", (Path("two") + ":" + path).c_str(), 1);
  EXPECT_EQ(run_in(".", "program"), "two\n");
  setenv("PATH", path.c_str(), 1);
}

TEST_F(ExecTest, TheCommandDoesNotInheritTheNameOfTheCache) {
  setenv("APPCACHE_CACHE", "runs.db", 1);
  const std::string script = "echo \"${APPCACHE_CACHE-unset}\"";
  EXPECT_EQ(Exec(script).out, "unset\n");
  EXPECT_EQ(Exec(script, {"--refresh", "--pass-cache"}).out, "runs.db\n");
  EXPECT_EQ(Exec(script, {"--refresh", "--cache", "/dev/null/x"}).out,
            "unset\n");
  unsetenv("APPCACHE_CACHE");
}

TEST_F(ExecTest, FilesAreForTheUserOnlyUnlessAModeIsGiven) {
  const auto mode_of = [&](const std::string& name) {
    return static_cast<unsigned>(
        std::filesystem::status(Path(name)).permissions());
  };
  const std::string script = "stat -c %a ./*-exec";
  EXPECT_EQ(Exec(script, {"--cache", "own.db"}).out, "600\n");
  EXPECT_EQ(mode_of("own.db"), 0600u);
  std::filesystem::remove(Path("own.db-exec"));
  EXPECT_EQ(Exec(script, {"--cache", "shared.db", "--mode", "0660"}).out,
            "660\n");
  EXPECT_EQ(mode_of("shared.db"), 0660u);
  EXPECT_EQ(Exec("true", {"--cache", "lmdb:own"}).status, 0);
  EXPECT_EQ(mode_of("own/data.mdb"), 0600u);
}

TEST_F(ExecTest, ACacheThatEveryoneMayWriteToNeedsAMode) {
  const std::string script = "echo run >> log; echo out";
  std::filesystem::create_directory(Path("open"));
  std::filesystem::permissions(Path("open"), std::filesystem::perms::all);
  const Output refused = Exec(script, {"--cache", "open/c.db"});
  EXPECT_EQ(refused.status, 0);
  EXPECT_EQ(refused.out, "out\n");
  EXPECT_NE(refused.err.find("pass --mode"), std::string::npos) << refused.err;
  EXPECT_FALSE(std::filesystem::exists(Path("open/c.db")));
  for (int run = 0; run < 2; ++run) {
    const Output used =
        Exec(script, {"--cache", "open/c.db", "--mode", "0666"});
    EXPECT_EQ(used.out, "out\n");
    EXPECT_EQ(used.err, "");
  }
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecTest, AScopeIsPartOfTheIdentity) {
  const std::string script = "echo run >> log; echo $SCOPE";
  const Words scope = {"--scope", "env:SCOPE", "--scope=cwd"};
  setenv("SCOPE", "one", 1);
  EXPECT_EQ(Exec(script, scope).out, "one\n");
  setenv("SCOPE", "two", 1);
  EXPECT_EQ(Exec(script, scope).out, "two\n");
  setenv("SCOPE", "one", 1);
  EXPECT_EQ(Exec(script, scope).out, "one\n");
  EXPECT_EQ(CountLines("log"), 2u);
  unsetenv("SCOPE");
}

TEST_F(ExecTest, AFileScopeDependsOnTheContent) {
  const Words scope = {"--scope", "file:input.txt"};
  WriteFile("input.txt", "one");
  EXPECT_EQ(Exec("cat input.txt", scope).out, "one");
  WriteFile("input.txt", "two");
  EXPECT_EQ(Exec("cat input.txt", scope).out, "two");
  EXPECT_EQ(Exec("cat input.txt", {"--scope", "cwd"}).out, "two");
  WriteFile("input.txt", "three");
  EXPECT_EQ(Exec("cat input.txt", {"--scope", "cwd"}).out, "two");
}

TEST_F(ExecTest, OutputAboveTheLimitIsPassedOnButNotCached) {
  const std::string script = "echo run >> log; head -c 5000 /dev/zero";
  for (int run = 0; run < 2; ++run) {
    const Output output = Exec(script, {"--max-output", "4KiB"});
    EXPECT_EQ(output.status, 0);
    EXPECT_EQ(output.out.size(), 5000u);
    EXPECT_NE(output.err.find("--max-output"), std::string::npos);
  }
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecTest, TheCommandInheritsStandardInput) {
  EXPECT_EQ(RunWithInput({"exec", "--", "cat"}, "text").out, "text");
}

TEST_F(ExecTest, ExitStatusesAreThoseOfAShell) {
  const Output missing = Run({"exec", "--", "no-such-command"});
  EXPECT_EQ(missing.status, 127);
  EXPECT_EQ(missing.err,
            "appcache: cannot run \"no-such-command\": command not found\n");
  WriteFile("data", "text");
  EXPECT_EQ(Run({"exec", "--", "./data"}).status, 126);
  EXPECT_EQ(Exec("kill -KILL $$").status, 137);
  EXPECT_EQ(Run({"keys"}).out, "");
}

TEST_F(ExecTest, TheCommandRunsWhenTheCacheCannotBeOpened) {
  const Output output =
      Exec("echo out; exit 4", {"--cache", "/dev/null/cache.db"});
  EXPECT_EQ(output.status, 4);
  EXPECT_EQ(output.out, "out\n");
  EXPECT_NE(output.err.find("warning: running without the cache"),
            std::string::npos);
  EXPECT_EQ(Run({"exec", "--cache", "/dev/null/cache.db", "--", "nope"}).status,
            127);
}

TEST_F(ExecTest, AFileThatIsNotACacheIsNotChanged) {
  WriteFile("notes.txt", "my notes");
  const Output output = Exec("echo out", {"--cache", "notes.txt"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "out\n");
  EXPECT_NE(output.err.find("warning"), std::string::npos);
  EXPECT_EQ(ReadFile("notes.txt"), "my notes");
}

TEST_F(ExecTest, ADamagedRecordRunsTheCommandAgainWithOneWarning) {
  const std::string script = "echo run >> log; echo out";
  Exec(script);
  std::string key = Run({"keys"}).out;
  ASSERT_FALSE(key.empty());
  key.pop_back();
  ASSERT_EQ(Run({"set", "--key-path", key, "garbage"}).status, 0);
  const Output output = Exec(script);
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "out\n");
  const size_t warning = output.err.find("damaged");
  EXPECT_NE(warning, std::string::npos);
  EXPECT_EQ(output.err.find("damaged", warning + 1), std::string::npos);
  EXPECT_EQ(Exec(script).err, "");
  EXPECT_EQ(CountLines("log"), 2u);
}

TEST_F(ExecTest, ACommandThatRunsItselfDoesNotDeadlock) {
  WriteFile("self",
            "[ -n \"$DEEP\" ] && echo deep && exit\n"
            "DEEP=1 exec \"$APPCACHE\" exec -- sh self\n");
  setenv("APPCACHE", Binary().c_str(), 1);
  const Output output = Run({"exec", "--", "sh", "self"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out, "deep\n");
  EXPECT_NE(output.err.find("runs itself through exec"), std::string::npos);
}

TEST_F(ExecTest, OutputToClosedDescriptorsDoesNotDamageTheCache) {
  WriteFile("run", "exec >&- 2>&-; \"$APPCACHE\" exec -- echo out\n");
  setenv("APPCACHE", Binary().c_str(), 1);
  const Output output = Run({"exec", "--cache", "outer.db", "--", "sh", "run"});
  EXPECT_EQ(output.status, 1);  // as that of echo
  EXPECT_EQ(Run({"check"}).status, 0);
}

TEST_F(ExecTest, AClosedReaderEndsTheCommandBySigpipe) {
  const Output output =
      Run({"exec", "--cache", "outer.db", "--", "bash", "-c",
           Binary() + " exec -- yes | head -n 1; echo ${PIPESTATUS[0]}"});
  EXPECT_EQ(output.out, "y\n141\n");
  EXPECT_EQ(Run({"keys"}).out, "");
}

TEST_F(ExecTest, DifferentSpellingsOfAPathShareOneLockWhichIsRemoved) {
  namespace fs = std::filesystem;
  fs::create_directory(Path("cache"));
  fs::create_directory_symlink("cache", Path("link"));
  fs::create_symlink("app.db", Path("cache/link.db"));
  for (const std::string cache :
       {"cache/app.db", "./cache/../cache/app.db", "link/app.db",
        "sqlite:cache/link.db", "lmdb:cache/app", "lmdb:cache/app/",
        "lmdb:link/../cache/./app//"}) {
    const Output output =
        Exec("ls cache/*-exec", {"--cache", cache, "--refresh"});
    EXPECT_EQ(output.out, cache.starts_with("lmdb:") ? "cache/app-exec\n"
                                                     : "cache/app.db-exec\n")
        << cache;
    EXPECT_EQ(output.err, "") << cache;
  }
  for (const auto& file : fs::recursive_directory_iterator(Path("cache"))) {
    EXPECT_FALSE(file.path().string().ends_with("-exec")) << file.path();
  }
}

TEST_F(ExecTest, OnlyTheUserCanAccessTheDefaultCache) {
  Exec("true");
  const Output output = Run({"exec", "--cache", "x.db", "--", "stat", "-c",
                             "%a", Path("xdg/appcache")});
  EXPECT_EQ(output.out, "700\n");
}

}  // namespace
}  // namespace appcache::command::exec_test
