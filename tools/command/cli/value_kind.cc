#include "tools/command/cli/value_kind.h"

#include <algorithm>

namespace appcache::command {
namespace {

constexpr std::string_view kUpperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

}  // namespace

ValueKind KindOf(std::string_view type) {
  if (type.find('|') != std::string_view::npos) return ValueKind::kChoice;
  if (type == "FILE" || type == "PATH" || type == "TRACE" ||
      type == "RECORDER") {
    return ValueKind::kFile;
  }
  if (type == "URI") return ValueKind::kCache;
  if (type == "COMMAND") return ValueKind::kCommand;
  return ValueKind::kOther;
}

std::vector<Choice> ChoicesOf(std::string_view type) {
  std::vector<Choice> choices;
  for (size_t begin = 0; begin <= type.size();) {
    const size_t end = std::min(type.find('|', begin), type.size());
    const std::string_view choice = type.substr(begin, end - begin);
    const size_t text =
        std::min(choice.find_first_of(kUpperCase), choice.size());
    if (text > 0) {
      choices.push_back({std::string(choice.substr(0, text)),
                         std::string(choice.substr(text))});
    }
    begin = end + 1;
  }
  return choices;
}

std::string OperandType(std::string_view operands) {
  std::string type(operands.substr(0, operands.find_first_of(" .")));
  std::erase_if(type, [](char c) { return c == '[' || c == ']'; });
  return type;
}

}  // namespace appcache::command
