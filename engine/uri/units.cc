#include "engine/uri/units.h"

#include <cassert>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "engine/uri/ascii.h"

namespace appcache::internal {
namespace {

struct SizeUnit {
  std::string_view name;  // lower case
  uint64_t factor;
};

constexpr uint64_t kKibi = 1024;
constexpr uint64_t kKilo = 1000;
constexpr SizeUnit kSizeUnits[] = {
    {"", 1},
    {"b", 1},
    {"k", kKibi},
    {"kib", kKibi},
    {"kb", kKilo},
    {"m", kKibi* kKibi},
    {"mib", kKibi* kKibi},
    {"mb", kKilo* kKilo},
    {"g", kKibi* kKibi* kKibi},
    {"gib", kKibi* kKibi* kKibi},
    {"gb", kKilo* kKilo* kKilo},
    {"t", kKibi* kKibi* kKibi* kKibi},
    {"tib", kKibi* kKibi* kKibi* kKibi},
    {"tb", kKilo* kKilo* kKilo* kKilo},
};

bool SameName(std::string_view name, std::string_view typed) {
  if (name.size() != typed.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != Lower(typed[i])) return false;
  }
  return true;
}

// A number that is followed by a unit, times that unit. None when the text is
// something else, or the product is too large.
std::optional<uint64_t> ParseWithUnit(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view typed(rest, static_cast<size_t>(end - rest));
  for (const SizeUnit& unit : kSizeUnits) {
    if (!SameName(unit.name, typed)) continue;
    if (number > std::numeric_limits<uint64_t>::max() / unit.factor) {
      return std::nullopt;
    }
    return number * unit.factor;
  }
  return std::nullopt;
}

constexpr uint64_t kMaxNumber = std::numeric_limits<uint64_t>::max();

Status InvalidNumber(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<uint64_t> ParseSize(std::string_view text) {
  const auto parsed = ParseWithUnit(text);
  if (!parsed) {
    return InvalidNumber(
        "it must be a size such as 64KiB, 8MiB, 1GiB (powers of 1024), or "
        "64KB, 8MB, 1GB (powers of 1000), or a number of bytes");
  }
  return *parsed;
}

Result<uint64_t> ParseNumber(std::string_view text, uint64_t least,
                             uint64_t most) {
  assert(least <= most);
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < least || number > most) {
    if (most == kMaxNumber) {
      return InvalidNumber("it must be a number, and at least " +
                           std::to_string(least));
    }
    return InvalidNumber("it must be a number from " + std::to_string(least) +
                         " to " + std::to_string(most));
  }
  return number;
}

Result<uint64_t> ParseCount(std::string_view text) {
  return ParseNumber(text, 1, kMaxNumber);
}

}  // namespace appcache::internal
