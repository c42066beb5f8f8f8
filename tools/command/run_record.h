// The stored record of a run: the output of a command, in order, and its exit
// status.
//
// Format: 8 bytes of magic, a version (1 byte), the XXH3-64 of the rest (8),
// the exit status (1), the identity of the run (length-prefixed), the number of
// chunks (8), and for each chunk its stream (1) and its bytes
// (length-prefixed). Numbers are little-endian; a length has 8 bytes.

#ifndef APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_
#define APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/error.h"

namespace appcache::command {

enum class Stream : uint8_t { kOut = 1, kError = 2 };

// Collects the output of a running command, up to a limit.
class Recording {
 public:
  explicit Recording(uint64_t max_bytes) noexcept : max_bytes_(max_bytes) {}

  // Once the limit is exceeded, drops all output and accepts no more.
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
  std::string bytes_;          // of all chunks, concatenated
  std::vector<Chunk> chunks_;  // adjacent chunks have different streams
};

// REQUIRES: !recording.overflowed().
std::string EncodeRun(std::string_view identity, uint8_t exit_status,
                      const Recording& recording);

// A decoded run. Its views point into the record.
struct Run {
  struct Chunk {
    Stream stream;
    std::string_view bytes;
  };
  uint8_t exit_status = 0;
  std::string_view identity;
  std::vector<Chunk> chunks;
};

// kCorrupt when `record` is damaged or not a record; kUnsupported when a newer
// version wrote it.
Result<Run> DecodeRun(std::string_view record);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_RUN_RECORD_H_
