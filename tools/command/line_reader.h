// LineReader: reads the lines of a file, which may be compressed with gzip.

#ifndef APPCACHE_TOOLS_COMMAND_LINE_READER_H_
#define APPCACHE_TOOLS_COMMAND_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"

struct gzFile_s;

namespace appcache::command {

class LineReader {
 public:
  // Opens a file; "-" is standard input.
  static Result<LineReader> Open(const std::string& path);

  // Sets `line` to the next line, without its newline, and returns true;
  // returns false at the end. The line is valid until the next call. Errors:
  // kUnavailable when the file cannot be read, kCorrupt when its gzip data is
  // damaged or truncated, kInvalidKey when a line is longer than
  // `max_line_bytes`.
  Result<bool> Next(std::string_view& line, size_t max_line_bytes);

  // The number of the line that Next returned last, counted from 1.
  uint64_t line_number() const noexcept { return line_number_; }

 private:
  struct Closer {
    void operator()(gzFile_s* file) const noexcept;
  };

  LineReader(std::string name, gzFile_s* file);

  // Appends to the buffer. Returns false at the end of the file.
  Result<bool> Fill();

  std::string name_;  // as messages call the file
  std::unique_ptr<gzFile_s, Closer> file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // [begin_, end_) of buffer_ is not consumed yet
  size_t end_ = 0;
  uint64_t line_number_ = 0;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_LINE_READER_H_
