// ByteSource: reads the bytes of a file in order, decompressed.

#ifndef APPCACHE_TOOLS_TRACE_BYTE_SOURCE_H_
#define APPCACHE_TOOLS_TRACE_BYTE_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"

namespace appcache::trace {

// Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // Reads up to `size` bytes into `data` and returns their number; 0 only at
  // the end. REQUIRES: size > 0, and no call has failed.
  virtual Result<size_t> Read(char* data, size_t size) = 0;
};

// The bytes of a descriptor, as they are.
class FileSource final : public ByteSource {
 public:
  // Opens a file; "-" is standard input. Messages call it `name`. Errors:
  // kUnavailable.
  static Result<std::unique_ptr<FileSource>> Open(const std::string& path,
                                                  std::string name);
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<size_t> Read(char* data, size_t size) override;

  // The size of a regular file, otherwise 0.
  uint64_t file_bytes() const noexcept { return file_bytes_; }
  uint64_t bytes_read() const noexcept { return bytes_read_; }

 private:
  FileSource(int fd, std::string name);

  const int fd_;
  const std::string name_;
  uint64_t file_bytes_ = 0;
  uint64_t bytes_read_ = 0;
};

// The bytes of another source, of which the next ones can be seen before they
// are read.
class PeekSource final : public ByteSource {
 public:
  explicit PeekSource(std::unique_ptr<ByteSource> source)
      : source_(std::move(source)) {}

  // The next `size` bytes; fewer only at the end. Valid until the next call.
  Result<std::string_view> Peek(size_t size);
  // Drops the next `size` bytes. REQUIRES: the last call was a Peek that
  // returned as many.
  void Skip(size_t size) noexcept;
  Result<size_t> Read(char* data, size_t size) override;

 private:
  const std::unique_ptr<ByteSource> source_;
  std::vector<char> peeked_;
  size_t consumed_ = 0;  // of peeked_
};

// Decompress another source, whose bytes start with the magic number of the
// format. Errors, besides those of the source: kCorrupt when the data is
// damaged or truncated; kTooLarge when zstd needs more than 128 MiB, and
// kUnsupported in a build without zstd.
std::unique_ptr<ByteSource> NewGzipSource(std::unique_ptr<ByteSource> source,
                                          std::string name);
std::unique_ptr<ByteSource> NewZstdSource(std::unique_ptr<ByteSource> source,
                                          std::string name);

// Decompresses what starts with the magic number of gzip or zstd, and passes
// other bytes on.
Result<std::unique_ptr<ByteSource>> Decompressed(
    std::unique_ptr<ByteSource> source, const std::string& name);

}  // namespace appcache::trace

#endif  // APPCACHE_TOOLS_TRACE_BYTE_SOURCE_H_
