#include "tools/command/cli/words.h"

#include <CLI/CLI.hpp>

#include "tools/command/io/report.h"

namespace appcache::command {
namespace {

// The option that a word names, with or without a value. Null if it names none.
const CLI::Option* FindOption(const CLI::App& command,
                              const std::string& word) {
  if (!word.starts_with("--")) return nullptr;
  return command.get_option_no_throw(word.substr(0, word.find('=')));
}

}  // namespace

Result<std::vector<std::string>> PrepareWords(
    const CLI::App& command, const std::vector<std::string>& words) {
  std::vector<std::string> prepared;
  const CLI::Option* awaits_value = nullptr;
  for (const std::string& word : words) {
    const CLI::Option* const option = FindOption(command, word);
    const std::string name = word.substr(0, word.find('='));
    if (awaits_value != nullptr) {
      if (option != nullptr) {
        return Invalid(awaits_value->get_name() + ": missing value before " +
                       name);
      }
      prepared.push_back(word);
      awaits_value = nullptr;
      continue;
    }
    if (option == nullptr) {
      if (word == "++") {
        return Invalid(
            "the word ++ must come after --, as in: appcache get -- ++");
      }
      prepared.push_back(word);
      continue;
    }
    const bool has_value = name.size() < word.size();
    const bool is_flag = option->get_items_expected_max() == 0;
    if (is_flag && has_value) return Invalid(name + ": takes no value");
    if (has_value && name.size() + 1 == word.size()) {
      prepared.push_back(name);
      prepared.emplace_back();
      continue;
    }
    prepared.push_back(word);
    const bool needs_value = option->get_items_expected_min() > 0;
    if (needs_value && !has_value) awaits_value = option;
  }
  return prepared;
}

}  // namespace appcache::command
