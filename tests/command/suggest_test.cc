#include "tools/command/text/suggest.h"

#include <gtest/gtest.h>

namespace appcache::command::suggest_test {
namespace {

const std::vector<std::string> kCommands = {"exec",  "get",  "set",   "keys",
                                            "clear", "ping", "replay"};

TEST(SuggestTest, ANearCandidateIsSuggested) {
  EXPECT_EQ(Suggest("gte", kCommands), "get");      // exchanged
  EXPECT_EQ(Suggest("gt", kCommands), "get");       // one is missing
  EXPECT_EQ(Suggest("gett", kCommands), "get");     // one too many
  EXPECT_EQ(Suggest("ext", kCommands), "");         // half of it differs
  EXPECT_EQ(Suggest("claer", kCommands), "clear");  // exchanged
  EXPECT_EQ(Suggest("repaly", kCommands), "replay");
  EXPECT_EQ(Suggest("erplya", kCommands), "replay");  // two exchanges
  EXPECT_EQ(Suggest("KEYS", kCommands), "keys");
}

TEST(SuggestTest, NothingIsSuggestedWhenNothingIsNear) {
  for (const char* const word :
       {"", "-", "x", "rm", "frobnicate", "gxx", "keyboard", "replabcd"}) {
    EXPECT_EQ(Suggest(word, kCommands), "") << word;
  }
  EXPECT_EQ(Suggest("get", {}), "");
}

TEST(SuggestTest, TheNearestIsSuggestedAndThenTheFirst) {
  EXPECT_EQ(Suggest("seet", kCommands), "set");
  EXPECT_EQ(Suggest("xet", kCommands), "get");
  EXPECT_EQ(Suggest("--max-bites", {"--max-bits", "--max-bytes"}),
            "--max-bits");
}

TEST(SuggestTest, TheBeginningOfOneCandidateIsEnough) {
  EXPECT_EQ(Suggest("repl", kCommands), "replay");
  EXPECT_EQ(Suggest("--comp", {"--compress", "--cache"}), "--compress");
  EXPECT_EQ(Suggest("--max-", {"--max-entries", "--max-bytes"}), "");
  EXPECT_EQ(Suggest("r", kCommands), "");
}

TEST(SuggestTest, DashesDoNotCount) {
  EXPECT_EQ(Suggest("-json", {"-h", "--json"}), "--json");
  EXPECT_EQ(Suggest("--x", {"-h", "--json"}), "");
  EXPECT_EQ(Suggest("-x", {"-h", "--json"}), "");
}

TEST(SuggestTest, ALongWordIsNearToNone) {
  const std::string longest(64, 'a');
  EXPECT_EQ(Suggest(longest, {longest.substr(1)}), longest.substr(1));
  EXPECT_EQ(Suggest(longest + "a", {longest}), "");
  EXPECT_EQ(Suggest(longest, {longest + "aa", "get"}), longest + "aa");
  EXPECT_EQ(Suggest(std::string(1 << 20, 'g'), kCommands), "");
}

TEST(SuggestTest, TheMessageNamesOnlyTheCandidate) {
  EXPECT_EQ(DidYouMean("gte", kCommands), "; did you mean get?");
  EXPECT_EQ(DidYouMean("frobnicate", kCommands), "");
}

}  // namespace
}  // namespace appcache::command::suggest_test
