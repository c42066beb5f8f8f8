#include "tools/command/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "tools/command/fd.h"
#include "tools/command/text.h"

namespace appcache::command {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;

Result<size_t> ReadGzip(gzFile file, const std::string& name, char* data,
                        size_t size) {
  const int read = gzread(file, data, static_cast<unsigned>(size));
  if (read > 0) return static_cast<size_t>(read);
  int error = Z_OK;
  const char* const why = gzerror(file, &error);
  if (error == Z_OK || error == Z_STREAM_END) return size_t{0};
  if (error == Z_ERRNO) return SystemFailure("read", name, errno);
  return Status(ErrorCode::kCorrupt, "cannot read " + name + ": " + why);
}

}  // namespace

LineReader::LineReader(std::string name, Source source)
    : name_(std::move(name)), source_(std::move(source)) {}

Result<LineReader> LineReader::Open(const std::string& path) {
  const bool is_input = path == "-";
  const std::string name = is_input ? "standard input" : Quoted(path);
  // gzclose closes the descriptor, so standard input gets a duplicate.
  const int fd =
      is_input ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemFailure("open", name, errno);
  const gzFile opened = gzdopen(fd, "rb");
  if (opened == nullptr) {
    close(fd);
    return Status::OutOfMemory();
  }
  const std::shared_ptr<gzFile_s> file(opened, gzclose_r);
  gzbuffer(opened, kReadBytes);
  LineReader reader(name, [file, name](char* data, size_t size) {
    return ReadGzip(file.get(), name, data, size);
  });
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
    reader.fd_ = fd;
    reader.file_bytes_ = static_cast<uint64_t>(info.st_size);
  }
  return reader;
}

uint64_t LineReader::bytes_read() const noexcept {
  const off_t position = fd_ < 0 ? 0 : lseek(fd_, 0, SEEK_CUR);
  return position < 0 ? 0 : static_cast<uint64_t>(position);
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
