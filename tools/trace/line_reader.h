// LineReader: splits the bytes of a source into lines.

#ifndef APPCACHE_TOOLS_TRACE_LINE_READER_H_
#define APPCACHE_TOOLS_TRACE_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"

namespace appcache::trace {

class LineReader {
 public:
  // Reads up to `size` bytes into `data` and returns their number; 0 only at
  // the end.
  using Source = std::function<Result<size_t>(char* data, size_t size)>;

  // Messages call the source `name`.
  LineReader(std::string name, Source source);

  // Sets `line` to the next line, without its newline and a carriage return
  // before that, and returns true; returns false at the end. The line is valid
  // until the next call. Errors: those of the source; kTooLarge when a line is
  // longer than `max_line_bytes`.
  Result<bool> Next(std::string_view& line, size_t max_line_bytes);

  // The number of the line that Next returned last, counted from 1.
  uint64_t line_number() const noexcept { return line_number_; }
  // "line 12".
  std::string Position() const;
  // kCorrupt: "line 12 of NAME: " and the message.
  Status Malformed(const std::string& message) const;

 private:
  // Appends to the buffer. Returns false at the end of the file.
  Result<bool> Fill();

  std::string name_;  // as messages call the source
  Source source_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // [begin_, end_) of buffer_ is not consumed yet
  size_t end_ = 0;
  uint64_t line_number_ = 0;
};

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_LINE_READER_H_
