#include "tools/command/line_reader.h"

#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "tools/command/fd.h"
#include "tools/command/text.h"

namespace appcache::command {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

}  // namespace

void LineReader::Closer::operator()(gzFile_s* file) const noexcept {
  gzclose_r(file);
}

LineReader::LineReader(std::string name, gzFile_s* file)
    : name_(std::move(name)), file_(file) {}

Result<LineReader> LineReader::Open(const std::string& path) {
  const bool is_input = path == "-";
  const std::string name = is_input ? "standard input" : Quoted(path);
  errno = 0;
  // gzclose closes the descriptor, so it gets a duplicate.
  gzFile file =
      is_input ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rbe");
  if (file == nullptr) {
    return errno != 0 ? SystemFailure("open", name, errno)
                      : Status::OutOfMemory();
  }
  gzbuffer(file, kReadBytes);
  return LineReader(name, file);
}

Result<bool> LineReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kReadBytes) buffer_.resize(end_ + kReadBytes);
  const int size = gzread(file_.get(), buffer_.data() + end_, kReadBytes);
  if (size > 0) {
    end_ += static_cast<size_t>(size);
    return true;
  }
  int error = Z_OK;
  const char* const why = gzerror(file_.get(), &error);
  if (error == Z_OK || error == Z_STREAM_END) return false;
  if (error == Z_ERRNO) return SystemFailure("read", name_, errno);
  return Status(ErrorCode::kCorrupt, "cannot read " + name_ + ": " + why);
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
      return Status(ErrorCode::kInvalidKey,
                    "line " + std::to_string(line_number_ + 1) + " of " +
                        name_ + " is longer than " +
                        std::to_string(max_line_bytes) +
                        " bytes, the maximum for a key");
    }
    if (found || (at_end && size > 0)) {
      line = rest.substr(0, size);
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

}  // namespace appcache::command
