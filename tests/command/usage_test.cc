// --help, and the messages for errors in the command line.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/command/command.h"

namespace appcache::command::usage_test {
namespace {

constexpr const char* kCommands[] = {
    "exec",   "get", "set",    "del",   "ttl",        "expire", "keys",
    "stats",  "top", "clear",  "check", "dump",       "load",   "ping",
    "replay", "mrc", "record", "help",  "completion", "man"};

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
  EXPECT_EQ(Run({"-V"}).out, output.out);
}

TEST_F(UsageTest, HelpPrintsTheSameAsTheOptionHelp) {
  const std::string all = Run({"--help"}).out;
  EXPECT_EQ(Run({"-h"}).out, all);
  EXPECT_EQ(Run({"help"}).out, all);
  const std::string exec = Run({"exec", "--help"}).out;
  EXPECT_EQ(Run({"exec", "-h"}).out, exec);
  EXPECT_EQ(Run({"help", "exec"}).out, exec);
  EXPECT_EQ(Run({"--help", "exec"}).out, exec);
  EXPECT_EQ(Run({"help", "help"}).out, Run({"help", "--help"}).out);
}

TEST_F(UsageTest, WithoutACommandTheHelpGoesToStandardError) {
  const Output output = Run({});
  EXPECT_EQ(output.status, 2);
  EXPECT_EQ(output.out, "");
  EXPECT_NE(output.err.find("Usage:"), std::string::npos);
}

TEST_F(UsageTest, AValueThatLooksLikeAnOptionIsJoinedToItsName) {
  ASSERT_EQ(Run({"set", "--prefix=--json", "key", "value"}).status, 0);
  EXPECT_EQ(Run({"keys"}).out, "--json/key\n");
}

TEST_F(UsageTest, AnUnknownShellIsAnError) {
  const Output output = Run({"completion", "ksh"});
  EXPECT_EQ(output.status, 2);
  EXPECT_NE(output.err.find("write bash, zsh or fish"), std::string::npos);
  EXPECT_EQ(Run({"man", "exce"}).err,
            "appcache: unknown command \"exce\"; did you mean exec?\n");
}

// The command line, and a part of the expected message.
struct Mistake {
  Words words;
  const char* message;
};

TEST_F(UsageTest, MistakesPrintOneLineAndHaveStatusTwo) {
  const Mistake mistakes[] = {
      {{"frobnicate"}, "unknown command \"frobnicate\""},
      {{""}, "unknown command \"\""},
      {{"gte"}, "unknown command \"gte\"; did you mean get?\n"},
      {{"help", "stast"}, "unknown command \"stast\"; did you mean stats?\n"},
      {{"--help", "stast"}, "did you mean stats?\n"},
      {{"help", "get", "set"}, "unexpected operand \"set\""},
      {{"redis://:secret@h"}, "unknown command \"redis://...\"; appcache"},
      {{"--verison"}, "unknown option --verison; did you mean --version?\n"},
      {{"--versoin=secret"}, "option --versoin; did you mean --version?\n"},
      {{"--frobnicate"}, "options must come after the command"},
      {{"--json", "stats"}, "options must come after the command"},
      {{"get"}, "get: missing operand; usage: appcache get [OPTION]... KEY"},
      {{"get", "a", "b"}, "unexpected operand \"b\""},
      {{"get", "--nope", "a"}, "unknown option --nope"},
      {{"get", "-json", "a"}, "option -json; did you mean --json?\n"},
      {{"set", "a", "b", "--tll=secret"}, "--tll; did you mean --ttl?\n"},
      {{"set", "a", "b", "--tll", "secret"}, "--tll; did you mean --ttl?\n"},
      {{"get", "--cacheredis://:secret@h", "a"},
       "unknown option --cacheredis://...; an operand"},
      {{"set", "--cache=", "key", "value"}, "--cache: must not be empty"},
      {{"get", "--cache", "--json", "key"}, "missing value before --json"},
      {{"get", "-5"}, "must come after --"},
      {{"get", "++"}, "++ must come after --"},
      {{"get", "a", "--cache"}, "--cache: takes one value"},
      {{"get", "a", "--prefix", "b", "--prefix", "c"}, "can be given once"},
      {{"get", "a", "--cache", "http://localhost"}, "sqlite:PATH"},
      {{"get", "a", "--cache", "memory:name"}, "lost when the command exits"},
      {{"get", "a", "--cache", "redis://"}, "has one host"},
      {{"get", "a", "--cache", "redis://h:x"}, "a port from 1 to 65535"},
      {{"get", "a", "--cache", "redis://h?timeuot=1s"}, "no option timeuot"},
      {{"set", "a", "b", "--cache", "sqlite:a?max_entries=0"}, "at least 1"},
      {{"set", "a", "b", "--cache", "sqlite:a?max_bytes=1KiB", "--max-bytes",
        "1KiB"},
       "remove one of the two"},
      {{"exec", "--cache", "sqlite:a?no=1", "--", "ls"}, "no option no"},
      {{"ping", "--count", "0"}, "from 1 to 100000"},
      {{"ping", "key"}, "unexpected operand \"key\""},
      {{"ping", "redis://:secret@h"}, "unexpected operand \"redis://...\""},
      {{"set", "a", "b", "c"}, "unexpected operand \"c\""},
      {{"set", "a", "b", "--ttl", "5x"}, "500ms, 10s, 5m, 1h, 7d"},
      {{"set", "a", "b", "--ttl=-5"}, "500ms, 10s, 5m, 1h, 7d"},
      {{"set", "a", "b", "--max-bytes", "big"}, "64KiB, 8MiB, 1GiB"},
      {{"set", "a", "b", "--max-bytes", "0"}, "--max-bytes"},
      {{"set", "a", "b", "--max-entries", "0"}, "at least 1"},
      {{"del"}, "del: write either KEY... or --matching PATTERN"},
      {{"del", "a", "--matching", "b"}, "either KEY... or --matching"},
      {{"del", "a", "--dry-run"}, "--dry-run requires --matching"},
      {{"ttl"}, "missing operand"},
      {{"keys", "a", "b"}, "unexpected operand \"b\""},
      {{"clear", ""}, "the KEYPREFIX is empty"},
      {{"clear", "a", "b"}, "unexpected operand \"b\""},
      {{"expire", "a"}, "expire: missing operand; usage: appcache expire"},
      {{"expire", "a", "0"}, "write never to keep the entry"},
      {{"expire", "a", "5x"}, "500ms, 10s, 5m, 1h, 7d"},
      {{"dump", "--format", "xml"}, "write binary or jsonl"},
      {{"keys", "--limit", "none"}, "--limit"},
      {{"top", "--by", "name"}, "size, age or use"},
      {{"top", "--watch", "0"}, "from 1ms to 1d"},
      {{"stats", "--watch=0"}, "from 1ms to 1d"},
      {{"stats", "--watch", "25h"}, "from 1ms to 1d"},
      {{"stats", "--watch=soon"}, "500ms, 10s, 5m, 1h, 7d"},
      {{"stats", "--watch", "1", "2"}, "unexpected operand \"2\""},
      {{"stats", "--count", "3"}, "--count requires --watch"},
      {{"stats", "--watch", "--count", "0"}, "at least 1"},
      {{"stats", "--prometheus", "--json"}, "cannot be combined with --json"},
      {{"stats", "--prometheus", "--watch"}, "cannot be combined with --watch"},
      {{"stats", "--names", "micrometer"}, "--names requires --prometheus"},
      {{"stats", "--prometheus", "--names", "statsd"},
       "\"statsd\" is not a set of names; write appcache or micrometer"},
      {{"replay", "trace"}, "--max-entries"},
      {{"replay", "trace", "--max-entries", "3", "--value-bytes", "1GiB"},
       "64MiB"},
      {{"exec"},
       "missing operand; usage: appcache exec [OPTION]... -- COMMAND"},
      {{"exec", "--"}, "missing operand"},
      {{"exec", "ls"}, "missing -- before \"ls\""},
      {{"exec", "--nope", "--", "ls"}, "unknown option --nope"},
      {{"exec", "--scope", "evn:HOME", "--", "ls"},
       "cwd, env:NAME, file:PATH, or a name"},
      {{"exec", "--list", "--", "ls"}, "--list takes no command"},
      {{"exec", "--list", "--ttl", "1h"}, "cannot be combined with --ttl"},
      {{"exec", "--warm", "--refresh", "--", "ls"}, "cannot be combined"},
      {{"exec", "--json", "--", "ls"}, "--json requires --list"},
      {{"exec", "--forget"}, "missing operand"},
      {{"exec", "--stale", "soon", "--", "ls"}, "--stale"},
      {{"exec", "--max-output", "1TiB", "--", "ls"}, "512MiB"},
      {{"exec", "--mode", "0777", "--", "ls"}, "in octal that include 0600"},
      {{"exec", "--mode", "06x0", "--", "ls"}, "in octal that include 0600"},
      {{"exec", "--wait", "2d", "--", "ls"}, "at most 1d"},
      {{"exec", "--cache-timeout", "0", "--", "ls"}, "at least 1ms"},
  };
  for (const Mistake& mistake : mistakes) {
    const Output output = Run(mistake.words);
    EXPECT_EQ(output.status, 2) << output.err;
    EXPECT_EQ(output.out, "") << output.err;
    EXPECT_EQ(output.err.find("appcache: "), 0u) << output.err;
    EXPECT_NE(output.err.find(mistake.message), std::string::npos)
        << output.err;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1);
    EXPECT_EQ(output.err.find("secret"), std::string::npos) << output.err;
  }
}

}  // namespace
}  // namespace appcache::command::usage_test
