// Writes and reads dumps. dump_format.md specifies the format.

#ifndef APPCACHE_TOOLS_COMMAND_DUMP_DUMP_FORMAT_H_
#define APPCACHE_TOOLS_COMMAND_DUMP_DUMP_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/error.h"
#include "appcache/sqlite_entry.h"
#include "tools/command/text/byte_codec.h"

namespace appcache::command {

class DumpWriter {
 public:
  // Receives the bytes of the dump, in order.
  using Sink = std::function<Status(std::string_view bytes)>;

  explicit DumpWriter(Sink sink) : sink_(std::move(sink)) {}

  Status Add(const StoredEntry& entry);

  // Writes the last block and the trailer. A dump without them is incomplete.
  Status Finish();

  uint64_t entries() const noexcept { return entries_; }

 private:
  Status WriteHeader();
  Status WriteBlock();

  const Sink sink_;
  bool has_header_ = false;
  ByteWriter payload_;
  uint32_t block_entries_ = 0;
  uint64_t entries_ = 0;
  uint64_t blocks_ = 0;
};

class DumpReader {
 public:
  // Reads up to `size` bytes into `data` and returns their number; 0 only at
  // the end.
  using Source = std::function<Result<size_t>(char* data, size_t size)>;

  explicit DumpReader(Source source) : source_(std::move(source)) {}

  // Reads and verifies the next block, and returns its entries; none after the
  // last block. kCorrupt when the dump is damaged, truncated, or has data after
  // its trailer; the message has the position. kUnsupported when the input is
  // not a dump, or one of a newer version. REQUIRES: no call has failed before.
  Result<std::vector<StoredEntry>> NextBlock();

  // What was read so far.
  uint64_t bytes() const noexcept { return offset_; }
  uint64_t entries() const noexcept { return entries_; }

 private:
  struct BlockHeader;

  Result<std::vector<StoredEntry>> ReadBlock();
  Status ReadHeader();
  Result<BlockHeader> ReadBlockHeader();
  Status ReadPayload(const BlockHeader& header, std::string& payload);
  Status ReadEnd(const BlockHeader& trailer);
  Result<size_t> ReadSome(char* data, size_t size);
  // Appends exactly `size` bytes.
  Status ReadExactly(uint64_t size, std::string& bytes);
  Status Corrupt(uint64_t offset, std::string_view what) const;

  const Source source_;
  bool failed_ = false;
  bool has_header_ = false;
  uint64_t offset_ = 0;
  uint64_t entries_ = 0;
  uint64_t blocks_ = 0;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_DUMP_DUMP_FORMAT_H_
