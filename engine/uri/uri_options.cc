#include "engine/uri/uri_options.h"

#include <algorithm>

namespace appcache::internal {

std::optional<std::string_view> UriOptions::Take(std::string_view name) {
  supported_.push_back(name);
  for (const Uri::Option& option : uri_.options) {
    if (option.name == name) return option.value;
  }
  return std::nullopt;
}

void UriOptions::Reject(std::string_view name, const std::string& reason) {
  if (!first_error_.ok()) return;
  first_error_ = Status(ErrorCode::kInvalidArgument,
                        "invalid option " + std::string(name) + " of a " +
                            uri_.scheme + " cache: " + reason);
}

void UriOptions::Text(std::string_view name, std::string& target) {
  if (const auto text = Take(name)) target = *text;
}

void UriOptions::Duration(std::string_view name,
                          std::chrono::milliseconds& target) {
  const auto text = Take(name);
  if (!text) return;
  const Result<std::chrono::milliseconds> parsed = ParseDuration(*text);
  if (!parsed.ok()) return Reject(name, parsed.error().message);
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
      return Reject(
          name, "it must be numbers that are at least 1, separated by commas");
    }
    numbers.push_back(static_cast<uint32_t>(*number));
    begin = end + 1;
  }
  target = std::move(numbers);
}

Status UriOptions::Done() const {
  if (!first_error_.ok()) return first_error_;
  for (const Uri::Option& option : uri_.options) {
    if (std::count(supported_.begin(), supported_.end(), option.name) > 0)
      continue;
    std::string message = "a " + uri_.scheme + " cache has no option " +
                          option.name + "; it has the options";
    const char* separator = " ";
    for (const std::string_view name : supported_) {
      message.append(separator).append(name);
      separator = ", ";
    }
    return Status(ErrorCode::kInvalidArgument, std::move(message));
  }
  return Status();
}

}  // namespace appcache::internal
