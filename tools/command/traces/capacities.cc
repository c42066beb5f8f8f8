#include "tools/command/traces/capacities.h"

#include <algorithm>
#include <string>

#include "engine/uri/units.h"

namespace appcache::command {
namespace {

// The largest limit that a cache accepts.
constexpr uint64_t kMost = uint64_t{1} << 62;

Result<uint64_t> ParseEntries(std::string_view text) {
  return internal::ParseNumber(text, 1, kMost);
}

template <class Parse>
Result<std::vector<uint64_t>> ParseList(std::string_view text, Parse parse,
                                        const char* what) {
  std::vector<uint64_t> capacities;
  for (;;) {
    const std::string_view word = text.substr(0, text.find(','));
    const Result<uint64_t> number = parse(word);
    if (!number.ok() || *number == 0 || *number > kMost ||
        capacities.size() == kMaxCapacities) {
      return Status(ErrorCode::kInvalidArgument,
                    "up to " + std::to_string(kMaxCapacities) + " " + what);
    }
    capacities.push_back(*number);
    if (word.size() == text.size()) break;
    text.remove_prefix(word.size() + 1);
  }
  std::sort(capacities.begin(), capacities.end());
  capacities.erase(std::unique(capacities.begin(), capacities.end()),
                   capacities.end());
  return capacities;
}

}  // namespace

Result<std::vector<uint64_t>> ParseCapacities(std::string_view text) {
  return ParseList(text, ParseEntries,
                   "numbers of entries, such as 100,1000,10000");
}

Result<std::vector<uint64_t>> ParseByteCapacities(std::string_view text) {
  return ParseList(text, internal::ParseSize, "sizes, such as 64KiB,1MiB");
}

std::vector<uint64_t> RoundCapacities(uint64_t keys) {
  constexpr size_t kMostRound = 12;
  std::vector<uint64_t> capacities;
  for (uint64_t ten = 1; ten < keys; ten *= 10) {
    for (const uint64_t digit : {1, 2, 5}) {
      if (digit * ten < keys) capacities.push_back(digit * ten);
    }
    if (ten > UINT64_MAX / 100) break;
  }
  if (capacities.size() > kMostRound) {
    capacities.erase(capacities.begin(), capacities.end() - kMostRound);
  }
  if (keys > 0) capacities.push_back(keys);
  return capacities;
}

}  // namespace appcache::command
