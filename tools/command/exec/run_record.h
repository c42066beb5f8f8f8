// The stored record of a run: the output of a command, in order, its exit
// status, when it was recorded, and how long it is fresh.
//
// Format, version 3: 8 bytes of magic, a version (1 byte), the XXH3-64 of the
// rest (8), the identity of the run (length-prefixed), the output, for each
// chunk of it the stream (1) and its number of bytes (8), the number of chunks
// (8), the exit status (1), the time in milliseconds since 1970 (8), and the
// ttl in milliseconds (8; 0: none). Version 2, which can still be read, has no
// ttl. Numbers are little-endian; a length has 8 bytes. Everything that is
// known only at the end follows the output, so that a record is written as the
// output arrives.

#ifndef APPCACHE_TOOLS_COMMAND_EXEC_RUN_RECORD_H_
#define APPCACHE_TOOLS_COMMAND_EXEC_RUN_RECORD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"
#include "tools/command/io/fd.h"

namespace appcache::command {

enum class Stream : uint8_t { kOut = 1, kError = 2 };

// An anonymous, empty file in memory. A process that is forked later shares it:
// none of the two needs a copy of a record. An error has the errno as its
// native code.
Result<UniqueFd> CreateMemoryFile();

// Records the output of a running command in a file, up to a limit.
class Recording {
 public:
  // Begins a record in `file`, which must be empty and outlive the recording.
  // An error has the errno as its native code.
  static Result<Recording> Create(int file, std::string_view identity,
                                  uint64_t max_bytes);

  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

  // Once the limit is exceeded or a write fails, drops all output and accepts
  // no more.
  void Append(Stream stream, std::string_view bytes);

  // Why the output was dropped: kTooLarge when it exceeds the limit, otherwise
  // the error of the write.
  const Status& status() const noexcept { return status_; }

  // Completes the record in the file. REQUIRES: status().ok(), and called once.
  Status Finish(uint8_t exit_status, std::chrono::milliseconds recorded_at,
                std::chrono::milliseconds ttl);

 private:
  struct Hash;  // hides the state of XXH3
  struct Chunk {
    Stream stream;
    uint64_t size;
  };

  Recording(int file, uint64_t max_bytes);
  void Write(std::string_view bytes);
  void Drop(Status status);

  int file_;
  uint64_t max_bytes_;
  std::unique_ptr<Hash> hash_;  // of all bytes after the header
  Status status_;
  uint64_t size_ = 0;          // of all chunks
  std::vector<Chunk> chunks_;  // adjacent chunks have different streams
};

// The bytes of a whole file, mapped. An empty file is an error.
class MappedFile {
 public:
  static Result<MappedFile> Map(int fd);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::string_view view() const noexcept { return {data_, size_}; }

 private:
  MappedFile(const char* data, size_t size) : data_(data), size_(size) {}

  const char* data_;
  size_t size_;
};

// A decoded run. Its views point into the record.
struct Run {
  struct Chunk {
    Stream stream;
    std::string_view bytes;
  };
  uint8_t exit_status = 0;
  std::chrono::milliseconds recorded_at{0};  // since 1970
  // How long it is fresh. 0: as long as the cache keeps it.
  std::chrono::milliseconds ttl{0};
  std::string_view identity;
  std::vector<Chunk> chunks;
};

// kCorrupt when `record` is damaged or not a record; kUnsupported when another
// version wrote it.
Result<Run> DecodeRun(std::string_view record);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_EXEC_RUN_RECORD_H_
