#include "tools/trace/text_traces.h"

#include <charconv>
#include <limits>
#include <system_error>

#include "tools/trace/trace.h"

namespace appcache::trace {
namespace {

// Removes the next number and the spaces before it. False: there is none.
bool TakeNumber(std::string_view& text, uint64_t& number) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return false;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + begin, end, number);
  if (error != std::errc()) return false;
  if (rest != end && *rest != ' ' && *rest != '\t' && *rest != '\r') {
    return false;
  }
  text = std::string_view(rest, static_cast<size_t>(end - rest));
  return true;
}

}  // namespace

Result<bool> PlainReader::Next(Request& request) {
  std::string_view line;
  do {
    Result<bool> is_line = lines_.Next(line, Trace::kMaxKeyBytes);
    if (!is_line.ok() || !*is_line) return is_line;
  } while (line.empty());
  request = {.key = line};
  return true;
}

Result<bool> ArcReader::Next(Request& request) {
  while (blocks_left_ == 0) {
    std::string_view line;
    Result<bool> is_line = lines_.Next(line, Trace::kMaxLineBytes);
    if (!is_line.ok() || !*is_line) return is_line;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (!TakeNumber(line, next_block_) || !TakeNumber(line, blocks_left_) ||
        blocks_left_ > Trace::kMaxRepeats ||
        next_block_ > std::numeric_limits<uint64_t>::max() - blocks_left_) {
      return lines_.Malformed(
          "expected the first block and the number of blocks, "
          "such as \"17 2 0 1\"");
    }
  }
  --blocks_left_;
  key_ = std::to_string(next_block_++);
  request = {.key = key_};
  return true;
}

}  // namespace appcache::trace
