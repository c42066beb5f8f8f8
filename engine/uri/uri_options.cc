#include "engine/uri/uri_options.h"

#include <algorithm>

namespace appcache {

std::optional<std::string_view> UriOptions::Take(std::string_view name) {
  known_.push_back(name);
  for (const Uri::Option& option : uri_.options) {
    if (option.name == name) return option.value;
  }
  return std::nullopt;
}

void UriOptions::Refuse(std::string_view name,
                        const std::string& what_is_right) {
  if (!wrong_value_.ok()) return;
  wrong_value_ = Status(ErrorCode::kInvalidArgument,
                        "the option " + std::string(name) + " of a " +
                            uri_.scheme + " cache: " + what_is_right);
}

void UriOptions::Text(std::string_view name, std::string& target) {
  if (const auto text = Take(name)) target = *text;
}

void UriOptions::Duration(std::string_view name,
                          std::chrono::milliseconds& target) {
  const auto text = Take(name);
  if (!text) return;
  const Result<std::chrono::milliseconds> parsed = ParseDuration(*text);
  if (!parsed.ok()) return Refuse(name, parsed.error().message);
  target = *parsed;
}

void UriOptions::Counts(std::string_view name, std::vector<uint32_t>& target) {
  const auto text = Take(name);
  if (!text) return;
  std::vector<uint32_t> numbers;
  for (size_t begin = 0; begin <= text->size();) {
    const size_t end = std::min(text->find(',', begin), text->size());
    const Result<uint64_t> number =
        ParseNumber(text->substr(begin, end - begin), 1,
                    std::numeric_limits<uint32_t>::max());
    if (!number.ok()) {
      return Refuse(name,
                    "it must be numbers from 1 on, with a comma between two");
    }
    numbers.push_back(static_cast<uint32_t>(*number));
    begin = end + 1;
  }
  target = std::move(numbers);
}

Status UriOptions::Done() const {
  if (!wrong_value_.ok()) return wrong_value_;
  for (const Uri::Option& option : uri_.options) {
    if (std::count(known_.begin(), known_.end(), option.name) > 0) continue;
    std::string message =
        "a " + uri_.scheme + " cache has no option " + option.name + "; it has";
    const char* separator = " ";
    for (const std::string_view name : known_) {
      message.append(separator).append(name);
      separator = ", ";
    }
    return Status(ErrorCode::kInvalidArgument, std::move(message));
  }
  return Status();
}

}  // namespace appcache
