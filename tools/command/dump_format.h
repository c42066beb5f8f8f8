// The format of a dump: dump_format.md describes it byte by byte.

#ifndef APPCACHE_TOOLS_COMMAND_DUMP_FORMAT_H_
#define APPCACHE_TOOLS_COMMAND_DUMP_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/error.h"
#include "engine/sqlite_cache.h"
#include "tools/command/byte_codec.h"

namespace appcache::command {

class DumpWriter {
 public:
  // Takes the bytes of the dump, in order.
  using Sink = std::function<Status(std::string_view bytes)>;

  explicit DumpWriter(Sink sink) : sink_(std::move(sink)) {}

  Status Add(const StoredEntry& entry);

  // Writes what is left and the trailer. Without it a dump is not whole.
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
  // Reads up to `size` bytes to `data`; 0 at the end only.
  using Source = std::function<Result<size_t>(char* data, size_t size)>;

  explicit DumpReader(Source source) : source_(std::move(source)) {}

  // The entries of the next block, once all of it has been read and verified;
  // none after the last. kCorrupt, with the place in the message, when the dump
  // is damaged, cut short, or goes on after its end; kUnsupported when it is no
  // dump or of a newer version. After an error, do not call again.
  Result<std::vector<StoredEntry>> NextBlock();

  // What has been read so far.
  uint64_t bytes() const noexcept { return offset_; }
  uint64_t entries() const noexcept { return entries_; }

 private:
  struct BlockHeader;

  Status ReadHeader();
  Result<BlockHeader> ReadBlockHeader();
  Status ReadPayload(const BlockHeader& header, std::string& payload);
  Status ReadEnd(const BlockHeader& trailer);
  Result<size_t> ReadSome(char* data, size_t size);
  // Appends exactly `size` bytes.
  Status ReadExactly(uint64_t size, std::string& bytes);
  Status Corrupt(uint64_t offset, std::string_view what) const;

  const Source source_;
  bool has_header_ = false;
  uint64_t offset_ = 0;
  uint64_t entries_ = 0;
  uint64_t blocks_ = 0;
};

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_DUMP_FORMAT_H_
