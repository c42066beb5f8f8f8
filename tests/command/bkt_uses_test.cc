// The uses of bkt in tools/command/README.md, with appcache.

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/command/command.h"
#include "tests/command/exec_records.h"

namespace appcache::command::bkt_uses_test {
namespace {

namespace fs = std::filesystem;

class BktUsesTest : public CommandTest {
 protected:
  BktUsesTest() {
    std::ifstream file("tools/command/README.md");
    readme_.assign(std::istreambuf_iterator<char>(file),
                   std::istreambuf_iterator<char>());
    fs::create_directory(Path("bin"));
    fs::create_symlink(Binary(), Path("bin/appcache"));
    // A command whose outputs differ. It is searched in PATH.
    WriteFile("bin/report", "#!/bin/sh\necho run >> log; wc -l < log\n");
    fs::permissions(Path("bin/report"), fs::perms::owner_all);
    path_ = getenv("PATH");
    setenv("PATH", (Path("bin") + ":" + path_).c_str(), 1);
  }
  ~BktUsesTest() override { setenv("PATH", path_.c_str(), 1); }

  // A line of the README.
  const std::string& Line(const std::string& line) {
    EXPECT_NE(readme_.find(line), std::string::npos)
        << line << " is not in the README";
    line_ = line;
    return line_;
  }

  // The output of a script.
  std::string Bash(const std::string& script) {
    const Output output =
        Run({"exec", "--cache", "/dev/null/x", "--", "bash", "-c", script});
    EXPECT_EQ(output.status, 0) << script << output.err;
    return output.out;
  }

  void AwaitIdle() const {
    CommandTest::AwaitIdle(Path("xdg/appcache/cache.db-exec"));
  }

  std::string readme_;
  std::string line_;
  std::string path_;
};

TEST_F(BktUsesTest, ACommandIsCachedForAMinute) {
  const std::string line = Line("appcache exec --ttl=1m -- report");
  EXPECT_EQ(Bash(line), "1\n");
  EXPECT_EQ(Bash(line), "1\n");
}

TEST_F(BktUsesTest, AStaleRunIsRefreshedInTheBackground) {
  const std::string line =
      Line("appcache exec --ttl=10s --stale=10m -- report");
  EXPECT_EQ(Bash(line), "1\n");
  MakeOlder(Path("xdg/appcache/cache.db"), std::chrono::minutes(5));
  EXPECT_EQ(Bash(line), "1\n");
  AwaitIdle();
  EXPECT_EQ(Bash(line), "2\n");
}

TEST_F(BktUsesTest, EachDirectoryIsCachedSeparately) {
  const std::string line = Line("appcache exec --ttl=1m --scope=cwd -- pwd");
  EXPECT_EQ(Bash("mkdir one two; cd one; " + line + "; cd ../two; " + line),
            Path("one") + "\n" + Path("two") + "\n");
}

TEST_F(BktUsesTest, EachValueOfAVariableIsCachedSeparately) {
  const std::string line =
      Line("appcache exec --ttl=1m --scope=env:LANG -- report");
  EXPECT_EQ(Bash("export LANG=C; " + line + "; export LANG=C.UTF-8; " + line +
                 "; export LANG=C; " + line),
            "1\n2\n1\n");
}

TEST_F(BktUsesTest, AModifiedFileRunsTheCommandAgain) {
  const std::string line =
      Line("appcache exec --ttl=1m --scope=file:/etc/passwd -- report");
  std::string own = line;
  own.replace(own.find("/etc/passwd"), 11, "list");
  EXPECT_EQ(
      Bash("echo one > list; " + own + "; echo two > list; " + own + ";" + own),
      "1\n2\n2\n");
}

TEST_F(BktUsesTest, ARunIsForced) {
  const std::string line = Line("appcache exec --ttl=1m --refresh -- report");
  EXPECT_EQ(Bash(line), "1\n");
  EXPECT_EQ(Bash(line), "2\n");
}

TEST_F(BktUsesTest, TheCacheIsWarmed) {
  EXPECT_EQ(Bash(Line("appcache exec --ttl=1m --warm -- report")), "");
  AwaitIdle();
  EXPECT_EQ(Bash("appcache exec --ttl=1m -- report"), "1\n");
  EXPECT_EQ(CountLines("log"), 1u);
}

TEST_F(BktUsesTest, AScopeSeparatesPrograms) {
  const std::string line =
      Line("appcache exec --ttl=1m --scope=my_script -- report");
  EXPECT_EQ(Bash("appcache exec --ttl=1m -- report; " + line + "; " + line),
            "1\n2\n2\n");
}

TEST_F(BktUsesTest, AScriptHasAScopeOfItsOwn) {
  const std::string script =
      Line("export APPCACHE_SCOPE=\"my_script_$$_$(date -Ins)\"") +
      "; appcache exec -- report; appcache exec -- report";
  EXPECT_EQ(Bash(script), "1\n1\n");
  EXPECT_EQ(Bash(script), "2\n2\n");
}

TEST_F(BktUsesTest, TheEnvironmentHasTheDefaultTtl) {
  const std::string script =
      Line("export APPCACHE_TTL=10m") +
      "; appcache exec -- report; appcache ttl \"exec/$(appcache keys | "
      "sed 's|.*/||')\"";
  const std::string out = Bash(script);
  EXPECT_EQ(out.find("1\n"), 0u) << out;
  EXPECT_LE(atof(out.substr(2).c_str()), 600.0) << out;
  EXPECT_GT(atof(out.substr(2).c_str()), 300.0) << out;
}

TEST_F(BktUsesTest, FailuresAreCached) {
  const std::string line =
      Line("appcache exec --ttl=1m --cache-failures -- sh -c 'report; exit 3'");
  const std::string status = "; echo status $?";
  EXPECT_EQ(Bash(line + status + "; " + line + status),
            "1\nstatus 3\n1\nstatus 3\n");
}

TEST_F(BktUsesTest, TheCacheIsInADirectoryOfTheUsersChoice) {
  const std::string line =
      Line("appcache exec --ttl=1m --cache=/tmp/my/cache.db -- report");
  std::string own = line;
  own.replace(own.find("/tmp/my"), 7, "my");
  EXPECT_EQ(
      Bash("mkdir my; " + own + "; " + own + "; rm -r my; mkdir my; " + own),
      "1\n1\n2\n");
}

// fzf replaces {} and runs the command for each selection.
TEST_F(BktUsesTest, PreviewsAreCached) {
  const std::string preview = Line(
      "appcache exec --ttl=10s --stale=10m -- bash -c 'sleep {}; echo {}'");
  EXPECT_EQ(Bash("preview=\"" + preview +
                 "\"; for i in 0 0.0 0; do bash -c \"${preview//\\{\\}/$i}\"; "
                 "done"),
            "0\n0.0\n0\n");
  EXPECT_EQ(Bash("appcache keys | wc -l"), "2\n");
}

TEST_F(BktUsesTest, AFunctionCachesACommand) {
  const std::string line =
      Line("report() { appcache exec --ttl=1m -- report \"$@\"; }");
  EXPECT_EQ(Bash(line + "; report; report; command report; report --other"),
            "1\n1\n2\n3\n");
}

}  // namespace
}  // namespace appcache::command::bkt_uses_test
