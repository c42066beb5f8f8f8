// The stored record of a run: the output of a command, in order, its exit
// status, and when it was recorded.
//
// Format, version 2: 8 bytes of magic, a version (1 byte), the XXH3-64 of the
// rest (8), the identity of the run (length-prefixed), the output, for each
// chunk of it the stream (1) and its number of bytes (8), the number of chunks
// (8), the exit status (1), and the time in milliseconds since 1970 (8).
// Numbers are little-endian; a length has 8 bytes. Everything that is known
// only at the end follows the output, so that a record is written as the output
// arrives.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_
#define APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"
#include "tools/command/fd.h"

namespace appcache::command {

enum class Stream : uint8_t { kOut = 1, kError = 2 };

// Records the output of a running command, up to a limit. The record is in an
// anonymous file in memory, which a process forked after Create shares: none of
// the two needs a copy.
class Recording {
 public:
  // Begins a record. An error has the errno as its native code.
  static Result<Recording> Create(std::string_view identity,
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

  // Completes the record. REQUIRES: status().ok(), and called once.
  Status Finish(uint8_t exit_status, int64_t recorded_at_ms);

  // The file with the record, complete after Finish. Stays open.
  int fd() const noexcept { return file_.get(); }

 private:
  struct Hash;  // hides the state of XXH3
  struct Chunk {
    Stream stream;
    uint64_t size;
  };

  Recording(UniqueFd file, uint64_t max_bytes);
  void Write(std::string_view bytes);
  void Drop(Status status);

  UniqueFd file_;
  uint64_t max_bytes_;
  std::unique_ptr<Hash> hash_;  // of all bytes after the header
  Status status_;
  uint64_t size_ = 0;          // of all chunks
  std::vector<Chunk> chunks_;  // adjacent chunks have different streams
};

// The bytes of a whole file, mapped.
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
  int64_t recorded_at_ms = 0;
  std::string_view identity;
  std::vector<Chunk> chunks;
};

// kCorrupt when `record` is damaged or not a record; kUnsupported when another
// version wrote it.
Result<Run> DecodeRun(std::string_view record);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_
