// The fields of a line of a CSV trace, and what they mean.

#ifndef APPCACHE_TOOLS_TRACE_CSV_FIELDS_H_
#define APPCACHE_TOOLS_TRACE_CSV_FIELDS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/trace/request.h"

namespace appcache::trace {

// Splits lines at their commas.
class CsvFields {
 public:
  static constexpr size_t kMaxFields = 64;

  // False: a quote is not closed, text follows a quoted field, or there are
  // more than kMaxFields. The fields are valid until the next call, and as long
  // as the line.
  bool Split(std::string_view line);

  // Without the spaces around it; empty beyond the last one.
  std::string_view operator[](size_t index) const noexcept {
    return index < fields_.size() ? fields_[index] : std::string_view();
  }
  size_t size() const noexcept { return fields_.size(); }

 private:
  // Removes a field in quotes from the start of `rest`.
  bool SplitQuoted(std::string_view& rest);

  std::vector<std::string_view> fields_;
  std::deque<std::string> unquoted_;  // fields that contain quotes
};

// None: the word is no operation.
std::optional<Operation> ParseOperation(std::string_view word) noexcept;

// A decimal number without a sign. None: it is not one, or above `most`.
std::optional<uint64_t> ParseNumber(std::string_view text,
                                    uint64_t most) noexcept;

// Seconds, with or without a fraction: "12", "0.25". None: it is not, or after
// the year 9999.
std::optional<std::chrono::milliseconds> ParseSeconds(
    std::string_view text) noexcept;

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_CSV_FIELDS_H_
