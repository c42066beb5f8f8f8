// Output that cannot be written is an error, and is never written to another
// file.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "tests/command/command.h"

namespace appcache::command::lost_output_test {
namespace {

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class LostOutputTest : public CommandTest {
 protected:
  LostOutputTest() { setenv("APPCACHE", Binary().c_str(), 1); }

  // The status of a shell script.
  int Status(const std::string& script) {
    return Run({"exec", "--cache", "/dev/null/x", "--", "bash", "-c", script})
        .status;
  }
};

TEST_F(LostOutputTest, OfTheFirstRunAndOfAReplayIsAFailure) {
  const std::string exec = "\"$APPCACHE\" exec --cache c.db -- ";
  const std::string out = exec + "sh -c 'echo run >> log; echo out'";
  const std::string error = exec + "sh -c 'echo run >> log; echo err >&2'";
  EXPECT_EQ(Status(out + " > /dev/full"), 1);
  EXPECT_EQ(Status(error + " 2> /dev/full"), 1);
  EXPECT_EQ(Status(out), 0);  // a run with lost output is not cached
  EXPECT_EQ(Status(error), 0);
  EXPECT_EQ(CountLines("log"), 4u);
  EXPECT_EQ(Status(out + " > /dev/full"), 1);
  EXPECT_EQ(Status(error + " 2> /dev/full"), 1);
  EXPECT_EQ(CountLines("log"), 4u);
}

TEST_F(LostOutputTest, AClosedStreamIsAFailureToo) {
  const std::string exec = "\"$APPCACHE\" exec --cache c.db -- ";
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(Status(exec + "echo out >&-"), 1);
    EXPECT_EQ(Status(exec + "echo out 2>&-"), 0);
    EXPECT_EQ(Status(exec + "sh -c 'echo err >&2' 2>&-"), 1);
  }
  EXPECT_EQ(Status("\"$APPCACHE\" get --cache c.db key >&-"), 1);  // a miss
  EXPECT_EQ(Status("\"$APPCACHE\" stats --cache c.db >&-"), 3);
  EXPECT_EQ(Status("\"$APPCACHE\" set --cache c.db key - <&-"), 3);
}

TEST_F(LostOutputTest, AReaderThatIsGoneEndsAReplayAsTheCommand) {
  const std::string script =
      "\"$APPCACHE\" exec --cache c.db -- head -c 300000 /dev/zero";
  EXPECT_EQ(Status(script + " > /dev/null"), 0);
  EXPECT_EQ(Status(script + " | head -c 1 > /dev/null; exit ${PIPESTATUS[0]}"),
            141);
}

TEST_F(LostOutputTest, IsAFailureOfEveryCommandThatPrints) {
  Run({"set", "--cache", "c.db", "key", "value"});
  WriteFile("trace", "a\nb\n");
  Run({"dump", "--cache", "c.db", "dump"});
  for (const std::string command :
       {"get --cache c.db key",
        "get --cache c.db --json key",
        "get --cache c.db --json nope",
        "set --cache c.db --json key value",
        "ttl --cache c.db key",
        "ttl --cache c.db --json key",
        "keys --cache c.db",
        "keys --cache c.db --json",
        "keys --cache c.db --null",
        "stats --cache c.db",
        "stats --cache c.db --json",
        "stats --cache c.db --prometheus",
        "stats --cache c.db --prometheus --names micrometer",
        "stats --cache c.db --watch=1ms --count 2",
        "stats --cache c.db --watch=1ms --count 2 --json",
        "top --cache c.db",
        "top --cache c.db --json",
        "check --cache c.db",
        "check --cache c.db --json",
        "dump --cache c.db",
        "dump --cache c.db copy",
        "dump --cache c.db --json copy",
        "load --cache d.db dump",
        "load --cache d.db --json dump",
        "ping --cache c.db --count 1",
        "ping --cache c.db --count 1 --json",
        "replay trace --max-entries 1",
        "replay trace --max-entries 1 --json",
        "del --cache c.db nope",
        "del --cache c.db --json nope",
        "clear --cache d.db --yes",
        "clear --cache d.db --yes --json",
        "exec --cache c.db --list",
        "exec --cache c.db --list --json",
        "--help",
        "get --help",
        "--version"}) {
    EXPECT_EQ(Status("\"$APPCACHE\" " + command + " > /dev/full"), 3)
        << command;
  }
}

// Every subset of the standard streams closed at the start: no message and no
// output goes to a file of the cache. any_cache_test does it for the backends
// other than SQLite.
TEST_F(LostOutputTest, ClosedStreamsAreNotReplacedByFilesOfTheCache) {
  for (int closed = 0; closed < 8; ++closed) {
    std::string streams;
    if ((closed & 1) != 0) streams += " <&-";
    if ((closed & 2) != 0) streams += " >&-";
    if ((closed & 4) != 0) streams += " 2>&-";
    const std::string cache = "c" + std::to_string(closed) + ".db";
    std::string script;
    for (const char* const words :
         {" set key value", " stats", " TEXT",
          " exec -- sh -c 'echo TEXT; echo TEXT >&2'"}) {
      script += std::string("\"$APPCACHE\"") + words + streams + "\n";
    }
    setenv("APPCACHE_CACHE", cache.c_str(), 1);
    Run({"exec", "--cache", "/dev/null/x", "--pass-cache", "--", "bash", "-c",
         script});
    unsetenv("APPCACHE_CACHE");
    EXPECT_EQ(Run({"get", "--cache", cache, "key"}).out, "value") << streams;
    EXPECT_EQ(Run({"check", "--cache", cache}).status, 0) << streams;
    EXPECT_FALSE(Contains(ReadFile(cache + "-lane"), "TEXT")) << streams;
  }
}

}  // namespace
}  // namespace appcache::command::lost_output_test
