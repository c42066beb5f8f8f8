#include <algorithm>
#include <cassert>

#include "appcache/sqlite_cache.h"
#include "tools/command/dump/dump_format.h"
#include "tools/command/dump/dump_layout.h"

namespace appcache::command {
namespace {

// Memory grows with the bytes that were read, not with a length field.
constexpr size_t kReadStep = size_t{1} << 20;

bool IsTime(int64_t time) { return time >= 0 && time <= dump::kMaxTime; }

bool ParseEntry(ByteReader& payload, StoredEntry& entry) {
  uint32_t path_size = 0;
  uint32_t value_size = 0;
  int64_t last_used = 0;
  int64_t expires_at = 0;
  std::string_view path;
  std::string_view value;
  if (!payload.Number(path_size) || !payload.Number(value_size) ||
      !payload.Number(last_used) || !payload.Number(expires_at) ||
      !payload.Raw(path_size, path) || !payload.Raw(value_size, value)) {
    return false;
  }
  if (path_size > SqliteCache::kMaxKeyBytes ||
      value_size > SqliteCache::kMaxValueBytes || !IsTime(last_used) ||
      (expires_at != dump::kNever && !IsTime(expires_at))) {
    return false;
  }
  entry.info.path = path;
  entry.info.bytes = path.size() + value.size();
  entry.info.last_used = dump::ToTime(last_used);
  if (expires_at != dump::kNever) {
    entry.info.expires_at = dump::ToTime(expires_at);
  }
  entry.value = Bytes::Copy(value);
  return true;
}

}  // namespace

struct DumpReader::BlockHeader {
  uint64_t offset = 0;
  std::string_view tag;  // kData or kDone
  uint32_t entries = 0;
  uint64_t size = 0;
  uint32_t check = 0;
};

Status DumpReader::Corrupt(uint64_t offset, std::string_view what) const {
  std::string message("the dump is damaged at byte ");
  message.append(std::to_string(offset)).append(" (block ");
  message.append(std::to_string(blocks_ + 1)).append("): ").append(what);
  return Status(ErrorCode::kCorrupt, std::move(message));
}

Result<size_t> DumpReader::ReadSome(char* data, size_t size) {
  Result<size_t> read = source_(data, size);
  if (read.ok()) offset_ += *read;
  return read;
}

Status DumpReader::ReadExactly(uint64_t size, std::string& bytes) {
  uint64_t left = size;
  while (left > 0) {
    const size_t step =
        static_cast<size_t>(std::min<uint64_t>(left, kReadStep));
    const size_t before = bytes.size();
    bytes.resize(before + step);
    const Result<size_t> read = ReadSome(bytes.data() + before, step);
    if (!read.ok()) return read.status();
    bytes.resize(before + *read);
    if (*read == 0) return Corrupt(offset_, "unexpected end of the dump");
    left -= *read;
  }
  return Status();
}

Status DumpReader::ReadHeader() {
  if (has_header_) return Status();
  std::string bytes;
  Status read = ReadExactly(dump::kHeaderBytes, bytes);
  // An input shorter than the header is not a dump.
  if (!read.ok() && !read.Is(ErrorCode::kCorrupt)) return read;
  ByteReader header(bytes);
  std::string_view magic;
  uint32_t version = 0;
  if (!header.Raw(dump::kMagic.size(), magic) || magic != dump::kMagic ||
      !header.Number(version)) {
    return Status(ErrorCode::kUnsupported,
                  "the input is not a dump; appcache dump writes one");
  }
  if (version != dump::kVersion) {
    return Status(ErrorCode::kUnsupported,
                  "the dump has format version " + std::to_string(version) +
                      ", this appcache supports version 1; upgrade appcache");
  }
  has_header_ = true;
  return Status();
}

Result<DumpReader::BlockHeader> DumpReader::ReadBlockHeader() {
  BlockHeader header;
  header.offset = offset_;
  std::string bytes;
  Status read = ReadExactly(dump::kFrameBytes, bytes);
  if (!read.ok()) return read;
  ByteReader frame(bytes);
  uint32_t crc = 0;
  frame.Raw(dump::kData.size(), header.tag);
  frame.Number(header.entries);
  frame.Number(header.size);
  frame.Number(header.check);
  frame.Number(crc);
  const std::string_view checked(bytes.data(), bytes.size() - sizeof(crc));
  const bool is_data = header.tag == dump::kData;
  if (crc != dump::Crc32(checked) || (!is_data && header.tag != dump::kDone)) {
    return Corrupt(header.offset, "invalid block header");
  }
  header.tag = is_data ? dump::kData : dump::kDone;  // outlives `bytes`
  return header;
}

Status DumpReader::ReadPayload(const BlockHeader& header,
                               std::string& payload) {
  if (header.size > dump::kMaxPayloadBytes) {
    return Corrupt(header.offset, "the block is larger than 1 GiB");
  }
  Status read = ReadExactly(header.size, payload);
  if (!read.ok()) return read;
  if (dump::Crc32(payload) == header.check) return Status();
  return Corrupt(header.offset, "wrong checksum");
}

Status DumpReader::ReadEnd(const BlockHeader& trailer) {
  if (trailer.size != entries_ ||
      trailer.check != static_cast<uint32_t>(blocks_)) {
    return Corrupt(trailer.offset, "blocks are missing");
  }
  char more = 0;
  const uint64_t end = offset_;
  const Result<size_t> read = ReadSome(&more, 1);
  if (!read.ok()) return read.status();
  if (*read != 0) return Corrupt(end, "data after the end of the dump");
  return Status();
}

Result<std::vector<StoredEntry>> DumpReader::NextBlock() {
  assert(!failed_);
  Result<std::vector<StoredEntry>> entries = ReadBlock();
  failed_ = !entries.ok();
  return entries;
}

Result<std::vector<StoredEntry>> DumpReader::ReadBlock() {
  Status status = ReadHeader();
  if (!status.ok()) return status;
  const Result<BlockHeader> header = ReadBlockHeader();
  if (!header.ok()) return header.status();
  std::vector<StoredEntry> entries;
  if (header->tag == dump::kDone) {
    status = ReadEnd(*header);
    if (!status.ok()) return status;
    return entries;
  }
  std::string payload;
  status = ReadPayload(*header, payload);
  if (!status.ok()) return status;
  ByteReader reader(payload);
  bool is_valid = true;
  while (is_valid && !reader.rest().empty()) {
    is_valid = ParseEntry(reader, entries.emplace_back());
  }
  if (!is_valid || entries.empty() || entries.size() != header->entries) {
    return Corrupt(header->offset, "invalid entries");
  }
  entries_ += entries.size();
  ++blocks_;
  return entries;
}

}  // namespace appcache::command
