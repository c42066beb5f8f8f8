// Empty and missing values, for every option of every command: the options are
// those of the description, so that a new one is tested too. The commands run
// in this process, which is fast; none gets further than its command line.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tools/command/cli/cli.h"
#include "tools/command/cli/description.h"

namespace appcache::command::empty_value_test {
namespace {

struct Outcome {
  int status;
  std::string message;
};

Outcome RunHere(std::vector<std::string> words) {
  words.insert(words.begin(), "appcache");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  testing::internal::CaptureStderr();
  const int status = Main(static_cast<int>(argv.size()), argv.data());
  return {status, testing::internal::GetCapturedStderr()};
}

void ForEachOption(const std::function<void(const CommandDescription&,
                                            const OptionDescription&)>& run) {
  size_t visited = 0;
  for (const CommandDescription& command : Describe().commands) {
    for (const OptionDescription& option : command.options) {
      SCOPED_TRACE(command.name + " " + option.name);
      run(command, option);
      ++visited;
    }
  }
  EXPECT_GT(visited, 50u);
}

// "appcache: NAME: WHAT" in one line, where WHAT is not only a complaint.
void ExpectMistake(const Outcome& outcome, const std::string& name,
                   const std::string& what) {
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.message.find("appcache: " + name + ": "), 0u)
      << outcome.message;
  EXPECT_NE(outcome.message.find(what), std::string::npos) << outcome.message;
  EXPECT_EQ(outcome.message.find('\n'), outcome.message.size() - 1);
}

TEST(EmptyValueTest, AnEmptyValueIsAnErrorThatNamesTheOption) {
  ForEachOption(
      [](const CommandDescription& command, const OptionDescription& option) {
        if (option.type.empty()) return;
        const Outcome joined =
            RunHere({command.name, option.name + "=", "10", "10"});
        ExpectMistake(joined, option.name, "");
        // Each message says more than the name.
        EXPECT_GT(joined.message.size(), option.name.size() + 30);
        const Outcome apart = RunHere({command.name, option.name, "", "10"});
        EXPECT_EQ(apart.status, 2);
        EXPECT_EQ(apart.message, joined.message);
      });
}

TEST(EmptyValueTest, AMissingValueIsAnErrorThatNamesTheOption) {
  ForEachOption([](const CommandDescription& command,
                   const OptionDescription& option) {
    if (option.type.empty() || option.value_is_optional) return;
    ExpectMistake(RunHere({command.name, option.name}), option.name,
                  "takes one value");
    ExpectMistake(RunHere({command.name, option.name, "--help"}), option.name,
                  "missing value before --help");
    ExpectMistake(RunHere({command.name, option.name, option.name + "=secret"}),
                  option.name, "missing value before " + option.name + "\n");
  });
}

TEST(EmptyValueTest, AFlagTakesNoValue) {
  ForEachOption(
      [](const CommandDescription& command, const OptionDescription& option) {
        if (!option.type.empty()) return;
        for (const char* const value : {"=", "=true", "=false", "=secret"}) {
          ExpectMistake(RunHere({command.name, option.name + value}),
                        option.name, "takes no value\n");
        }
      });
}

TEST(EmptyValueTest, EveryOptionIsDescribed) {
  ForEachOption([](const CommandDescription&, const OptionDescription& option) {
    EXPECT_TRUE(option.name.starts_with("--"));
    EXPECT_FALSE(option.description.empty());
    EXPECT_FALSE(option.description.ends_with("."));
  });
}

}  // namespace
}  // namespace appcache::command::empty_value_test
