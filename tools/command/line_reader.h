// LineReader: the lines of a file, gzip or not.

#ifndef APPCACHE_TOOLS_COMMAND_LINE_READER_H_
#define APPCACHE_TOOLS_COMMAND_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"

struct gzFile_s;

namespace appcache::command {

class LineReader {
 public:
  // "-" is standard input.
  static Result<LineReader> Open(const std::string& path);

  // Sets `line` to the next one, without its newline, and returns true; false
  // after the last. The line is valid until the next call. Errors: the file
  // cannot be read, its gzip data is damaged or cut short, or a line is longer
  // than `max_line_bytes`.
  Result<bool> Next(std::string_view& line, size_t max_line_bytes);

  // Of the line that Next gave last, from 1 on.
  uint64_t line_number() const noexcept { return line_number_; }

 private:
  struct Closer {
    void operator()(gzFile_s* file) const noexcept;
  };

  LineReader(std::string name, gzFile_s* file);

  // Appends to what is in the buffer. False at the end of the file.
  Result<bool> Fill();

  std::string name_;
  std::unique_ptr<gzFile_s, Closer> file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // what is not consumed yet: [begin_, end_) of buffer_
  size_t end_ = 0;
  uint64_t line_number_ = 0;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_LINE_READER_H_
