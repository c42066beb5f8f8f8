// The record of a run: what a command wrote, in order, and how it ended.
//
// As stored: 8 bytes of magic, a version (1 byte), an XXH3-64 of all that
// follows (8), the exit status (1), the identity of the run (length-prefixed),
// the number of chunks (8), and per chunk its stream (1) and its bytes
// (length-prefixed). Numbers are little-endian, lengths have 8 bytes.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_
#define APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.h"

namespace appcache::command {

enum class Stream : uint8_t { kOut = 1, kError = 2 };

// The output of a command while it runs, kept as long as it is not too much.
class Recording {
 public:
  explicit Recording(uint64_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  // Forgets everything, for good, when there is more than the limit.
  void Append(Stream stream, std::string_view bytes);

  bool overflowed() const noexcept { return overflowed_; }

 private:
  friend std::string EncodeRun(std::string_view, uint8_t, const Recording&);
  struct Chunk {
    Stream stream;
    uint64_t size;
  };

  const uint64_t max_bytes_;
  bool overflowed_ = false;
  std::string bytes_;          // of all chunks, one after the other
  std::vector<Chunk> chunks_;  // neighbours are of different streams
};

// REQUIRES: !recording.overflowed().
std::string EncodeRun(std::string_view identity, uint8_t exit_status,
                      const Recording& recording);

// A run as DecodeRun found it: views of the record.
struct Run {
  struct Chunk {
    Stream stream;
    std::string_view bytes;
  };
  uint8_t exit_status = 0;
  std::string_view identity;
  std::vector<Chunk> chunks;
};

// kCorrupt when `record` is damaged or something else altogether; kUnsupported
// when a newer version wrote it.
Result<Run> DecodeRun(std::string_view record);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_
