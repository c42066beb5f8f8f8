// What a person sees who gets it wrong, or asks.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/command/command.h"

namespace appcache::command {
namespace {

constexpr const char* kCommands[] = {"exec", "get",   "set",  "del",   "ttl",
                                     "keys", "stats", "top",  "clear", "check",
                                     "dump", "load",  "ping", "replay"};

class UsageTest : public CommandTest {};

size_t WidestLine(const std::string& text) {
  size_t widest = 0;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    widest = std::max(widest, end - begin);
    begin = end + 1;
  }
  return widest;
}

TEST_F(UsageTest, EveryCommandHasHelpWithAnExample) {
  const Output all = Run({"--help"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(all.err, "");
  for (const std::string command : kCommands) {
    EXPECT_NE(all.out.find("\n  " + command + " "), std::string::npos);
    const Output help = Run({command, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_NE(help.out.find("Usage: appcache " + command), std::string::npos);
    EXPECT_NE(help.out.find("Example"), std::string::npos) << command;
    EXPECT_LE(WidestLine(help.out), 80u) << command;
  }
}

TEST_F(UsageTest, TheVersionIsPrinted) {
  const Output output = Run({"--version"});
  EXPECT_EQ(output.status, 0);
  EXPECT_EQ(output.out.find("appcache "), 0u);
}

TEST_F(UsageTest, WithoutACommandTheHelpIsAnError) {
  const Output output = Run({});
  EXPECT_EQ(output.status, 2);
  EXPECT_EQ(output.out, "");
  EXPECT_NE(output.err.find("Usage:"), std::string::npos);
}

// The words, and a part of what standard error must say.
struct Mistake {
  Words words;
  const char* told;
};

TEST_F(UsageTest, MistakesAreToldAndDoNothing) {
  const Mistake mistakes[] = {
      {{"frobnicate"}, "there is no command 'frobnicate'"},
      {{""}, "there is no command ''"},
      {{"--frobnicate"}, "options stand after the command"},
      {{"--json", "stats"}, "options stand after the command"},
      {{"get"}, "it needs KEY"},
      {{"get", "a", "b"}, "'b' is too much"},
      {{"get", "--nope", "a"}, "there is no option --nope"},
      {{"get", "-5"}, "goes after --"},
      {{"get", "++"}, "write ++ after --"},
      {{"get", "a", "--cache"}, "--cache: it takes one value"},
      {{"get", "a", "--prefix", "b", "--prefix", "c"}, "one value, once"},
      {{"get", "a", "--cache", "http://localhost"}, "sqlite:PATH"},
      {{"get", "a", "--cache", "memory:name"}, "gone when the command ends"},
      {{"get", "a", "--cache", "redis://"}, "has one host"},
      {{"get", "a", "--cache", "redis://h:x"}, "its port"},
      {{"get", "a", "--cache", "redis://h?timeuot=1s"}, "no option timeuot"},
      {{"set", "a", "b", "--cache", "sqlite:a?max_entries=0"}, "from 1 on"},
      {{"set", "a", "b", "--cache", "sqlite:a?max_bytes=1KiB", "--max-bytes",
        "1KiB"},
       "give one of them"},
      {{"exec", "--cache", "sqlite:a?no=1", "--", "ls"}, "no option no"},
      {{"ping", "--count", "0"}, "from 1 to 100000"},
      {{"ping", "key"}, "options only"},
      {{"ping", "redis://:secret@h"}, "'redis://...' is too much"},
      {{"set", "a", "b", "c"}, "'c' is too much"},
      {{"set", "a", "b", "--ttl", "5x"}, "500ms, 10s, 5m, 1h, 7d"},
      {{"set", "a", "b", "--ttl=-5"}, "500ms, 10s, 5m, 1h, 7d"},
      {{"set", "a", "b", "--max-bytes", "big"}, "64KiB, 8MiB, 1GiB"},
      {{"set", "a", "b", "--max-bytes", "0"}, "--max-bytes"},
      {{"set", "a", "b", "--max-entries", "0"}, "from 1 on"},
      {{"del"}, "it needs KEY..."},
      {{"ttl"}, "it needs KEY"},
      {{"keys", "user"}, "options only"},
      {{"keys", "--limit", "none"}, "--limit"},
      {{"top", "--by", "name"}, "size, age or use"},
      {{"top", "--watch", "0"}, "from 1ms to 1d"},
      {{"stats", "--watch=0"}, "from 1ms to 1d"},
      {{"stats", "--watch", "25h"}, "from 1ms to 1d"},
      {{"stats", "--watch=soon"}, "500ms, 10s, 5m, 1h, 7d"},
      {{"stats", "--watch", "1", "2"}, "'2' is too much"},
      {{"stats", "--count", "3"}, "--count: it needs --watch"},
      {{"stats", "--watch", "--count", "0"}, "from 1 on"},
      {{"stats", "--prometheus", "--json"}, "it goes without --json"},
      {{"stats", "--prometheus", "--watch"}, "it goes without --watch"},
      {{"replay", "trace"}, "--max-entries"},
      {{"replay", "trace", "--max-entries", "3", "--value-bytes", "1GiB"},
       "64MiB"},
      {{"exec"}, "it needs -- COMMAND"},
      {{"exec", "--"}, "it needs -- COMMAND"},
      {{"exec", "ls"}, "write -- before 'ls'"},
      {{"exec", "--nope", "--", "ls"}, "there is no option --nope"},
      {{"exec", "--scope", "user", "--", "ls"}, "cwd, env:NAME or file:PATH"},
      {{"exec", "--max-output", "1TiB", "--", "ls"}, "512MiB"},
  };
  for (const Mistake& mistake : mistakes) {
    const Output output = Run(mistake.words);
    EXPECT_EQ(output.status, 2) << output.err;
    EXPECT_EQ(output.out, "") << output.err;
    EXPECT_EQ(output.err.find("appcache: "), 0u) << output.err;
    EXPECT_NE(output.err.find(mistake.told), std::string::npos) << output.err;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1);
  }
}

TEST_F(UsageTest, WithoutAHomeTheCacheMustBeNamed) {
  unsetenv("XDG_CACHE_HOME");
  const char* const home = getenv("HOME");
  const std::string saved(home == nullptr ? "" : home);
  unsetenv("HOME");
  const Output output = Run({"stats"});
  EXPECT_EQ(output.status, 2);
  EXPECT_NE(output.err.find("--cache"), std::string::npos);
  if (home != nullptr) setenv("HOME", saved.c_str(), 1);
}

TEST_F(UsageTest, OutputThatIsNotTakenIsAFailure) {
  Run({"set", "key", "value"});
  Streams full;
  full.out = "/dev/full";
  EXPECT_EQ(Start({"get", "key"}, full).Wait().status, 3);
  EXPECT_EQ(Start({"stats"}, full).Wait().status, 3);
}

}  // namespace
}  // namespace appcache::command
