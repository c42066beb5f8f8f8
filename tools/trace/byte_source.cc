#include "tools/trace/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace appcache::trace {
namespace {

Status Failure(const char* operation, const std::string& name, int error) {
  std::string why = std::generic_category().message(error);
  why[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(why[0])));
  return Status(ErrorCode::kUnavailable,
                std::string("cannot ") + operation + " " + name + ": " + why,
                error);
}

constexpr size_t kMagicBytes = 4;

bool IsGzip(std::string_view magic) noexcept {
  return magic.starts_with("\x1f\x8b");
}

// RFC 8878. Also a frame to skip, with which pzstd begins: sixteen magic
// numbers, which differ in their first byte.
bool IsZstd(std::string_view magic) noexcept {
  if (magic.size() < kMagicBytes) return false;
  const bool is_skippable =
      (static_cast<unsigned char>(magic[0]) & 0xf0) == 0x50 &&
      magic.substr(1, 3) == "\x2a\x4d\x18";
  return is_skippable || magic.starts_with("\x28\xb5\x2f\xfd");
}

}  // namespace

FileSource::FileSource(int fd, std::string name)
    : fd_(fd), name_(std::move(name)) {
  struct stat info;
  if (fstat(fd_, &info) == 0 && S_ISREG(info.st_mode)) {
    file_bytes_ = static_cast<uint64_t>(info.st_size);
  }
}

FileSource::~FileSource() { close(fd_); }

Result<std::unique_ptr<FileSource>> FileSource::Open(const std::string& path,
                                                     std::string name) {
  // The destructor closes the descriptor, so standard input gets a duplicate.
  const int fd = path == "-" ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                             : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failure("open", name, errno);
  return std::unique_ptr<FileSource>(new FileSource(fd, std::move(name)));
}

Result<size_t> FileSource::Read(char* data, size_t size) {
  for (;;) {
    const ssize_t got = read(fd_, data, size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failure("read", name_, errno);
    bytes_read_ += static_cast<uint64_t>(got);
    return static_cast<size_t>(got);
  }
}

Result<std::string_view> PeekSource::Peek(size_t size) {
  peeked_.erase(peeked_.begin(),
                peeked_.begin() + static_cast<std::ptrdiff_t>(consumed_));
  consumed_ = 0;
  size_t filled = peeked_.size();
  peeked_.resize(std::max(size, filled));
  while (filled < size) {
    const Result<size_t> got =
        source_->Read(peeked_.data() + filled, size - filled);
    if (!got.ok()) return got.status();
    if (*got == 0) break;
    filled += *got;
  }
  peeked_.resize(filled);
  return std::string_view(peeked_.data(), std::min(size, filled));
}

void PeekSource::Skip(size_t size) noexcept {
  assert(size <= peeked_.size() - consumed_);
  consumed_ += size;
}

Result<size_t> PeekSource::Read(char* data, size_t size) {
  const size_t ready = std::min(size, peeked_.size() - consumed_);
  if (ready == 0) return source_->Read(data, size);
  std::memcpy(data, peeked_.data() + consumed_, ready);
  consumed_ += ready;
  return ready;
}

Result<std::unique_ptr<ByteSource>> Decompressed(
    std::unique_ptr<ByteSource> source, const std::string& name) {
  auto peek = std::make_unique<PeekSource>(std::move(source));
  const Result<std::string_view> magic = peek->Peek(kMagicBytes);
  if (!magic.ok()) return magic.status();
  if (IsGzip(*magic)) return NewGzipSource(std::move(peek), name);
  if (IsZstd(*magic)) return NewZstdSource(std::move(peek), name);
  return std::unique_ptr<ByteSource>(std::move(peek));
}

}  // namespace appcache::trace
