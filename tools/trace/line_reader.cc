#include "tools/trace/line_reader.h"

#include <cstring>
#include <utility>

namespace appcache::trace {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

}  // namespace

LineReader::LineReader(std::string name, Source source)
    : name_(std::move(name)), source_(std::move(source)) {}

std::string LineReader::Position() const {
  return "line " + std::to_string(line_number_);
}

Status LineReader::Malformed(const std::string& message) const {
  return Status(ErrorCode::kCorrupt,
                Position() + " of " + name_ + ": " + message);
}

Result<bool> LineReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadBytes) buffer_.resize(end_ + kReadBytes);
  const Result<size_t> read = source_(buffer_.data() + end_, kReadBytes);
  if (!read.ok()) return read.status();
  end_ += *read;
  return *read > 0;
}

Result<bool> LineReader::Next(std::string_view& line, size_t max_line_bytes) {
  size_t searched = 0;
  bool at_end = false;
  for (;;) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    const size_t newline = rest.find('\n', searched);
    const bool found = newline != std::string_view::npos;
    const size_t size = found ? newline : rest.size();
    if (size > max_line_bytes) {
      return Status(ErrorCode::kTooLarge,
                    "line " + std::to_string(line_number_ + 1) + " of " +
                        name_ + " is longer than " +
                        std::to_string(max_line_bytes) + " bytes");
    }
    if (found || (at_end && size > 0)) {
      line = rest.substr(0, size);
      if (line.ends_with('\r')) line.remove_suffix(1);
      begin_ += found ? size + 1 : size;
      ++line_number_;
      return true;
    }
    if (at_end) return false;
    searched = size;
    Result<bool> filled = Fill();
    if (!filled.ok()) return filled;
    at_end = !*filled;
  }
}

}  // namespace appcache::trace
