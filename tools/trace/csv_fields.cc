#include "tools/trace/csv_fields.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <system_error>

namespace appcache::trace {
namespace {

constexpr std::string_view kSpaces = " \t\r";

std::string_view Trimmed(std::string_view text) noexcept {
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

// In lower case. One that ends with * is a prefix.
struct OperationName {
  std::string_view name;
  Operation operation;
};
constexpr OperationName kOperationNames[] = {
    {"get", Operation::kGet},
    {"set", Operation::kSet},
    {"delete", Operation::kDelete},
    {"del", Operation::kDelete},
    {"read", Operation::kGet},
    {"r", Operation::kGet},
    {"write", Operation::kSet},
    {"w", Operation::kSet},
    {"put", Operation::kSet},
    // CacheLib.
    {"get_lease", Operation::kGet},
    {"set_lease", Operation::kSet},
    {"getchunkdata*", Operation::kGet},
    {"putchunk*", Operation::kSet},
    // Memcached.
    {"gets", Operation::kGet},
    {"add", Operation::kSet},
    {"replace", Operation::kSet},
    {"cas", Operation::kSet},
    {"append", Operation::kSet},
    {"prepend", Operation::kSet},
    {"incr", Operation::kSet},
    {"decr", Operation::kSet},
};

bool EqualsInLowerCase(std::string_view word, std::string_view lower) noexcept {
  return std::equal(word.begin(), word.end(), lower.begin(), lower.end(),
                    [](char a, char b) {
                      return std::tolower(static_cast<unsigned char>(a)) == b;
                    });
}

bool IsNamed(std::string_view word, std::string_view name) noexcept {
  if (!name.ends_with('*')) return EqualsInLowerCase(word, name);
  name.remove_suffix(1);
  return EqualsInLowerCase(word.substr(0, name.size()), name);
}

}  // namespace

bool CsvFields::Split(std::string_view line) {
  fields_.clear();
  unquoted_.clear();
  std::string_view rest = line;
  for (;;) {
    if (fields_.size() == kMaxFields) return false;
    const size_t begin = rest.find_first_not_of(kSpaces);
    if (begin != std::string_view::npos && rest[begin] == '"') {
      rest.remove_prefix(begin);
      if (!SplitQuoted(rest)) return false;
    } else {
      const std::string_view field = rest.substr(0, rest.find(','));
      fields_.push_back(Trimmed(field));
      rest.remove_prefix(field.size());
    }
    if (rest.empty()) return true;
    rest.remove_prefix(1);  // the comma
  }
}

bool CsvFields::SplitQuoted(std::string_view& rest) {
  std::string& text = unquoted_.emplace_back();
  size_t at = 1;
  for (;; ++at) {
    const size_t quote = rest.find('"', at);
    if (quote == std::string_view::npos) return false;
    text.append(rest, at, quote - at);
    at = quote + 1;
    if (at == rest.size() || rest[at] != '"') break;
    text.push_back('"');  // two quotes stand for one
  }
  rest.remove_prefix(at);
  const size_t comma = rest.find(',');
  if (!Trimmed(rest.substr(0, comma)).empty()) return false;
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma);
  fields_.push_back(text);
  return true;
}

std::optional<Operation> ParseOperation(std::string_view word) noexcept {
  for (const OperationName& candidate : kOperationNames) {
    if (IsNamed(word, candidate.name)) return candidate.operation;
  }
  return std::nullopt;
}

std::optional<uint64_t> ParseNumber(std::string_view text,
                                    uint64_t most) noexcept {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number > most) return std::nullopt;
  return number;
}

std::optional<std::chrono::milliseconds> ParseSeconds(
    std::string_view text) noexcept {
  constexpr double kMost = 253'402'300'799;
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] =
      std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
  if (error != std::errc() || rest != end || !(seconds >= 0) ||
      seconds > kMost) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000 + 0.5));
}

}  // namespace appcache::trace
