#include "tools/command/run_record.h"

#include <cassert>

#include "tools/command/byte_codec.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace appcache::command {
namespace {

constexpr std::string_view kMagic = "appcRUN\n";
constexpr uint8_t kVersion = 1;
// What the format adds to each chunk. It counts towards the limit, so that the
// limit also holds for a command that alternates single bytes between streams.
constexpr uint64_t kChunkOverhead = 9;

uint64_t Checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Status Damaged(const char* what) {
  return Status(ErrorCode::kCorrupt,
                std::string("the record of the run is damaged: ") + what);
}

bool ReadChunks(ByteReader& body, std::vector<Run::Chunk>& chunks) {
  uint64_t count = 0;
  if (!body.Number(count)) return false;
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t stream = 0;
    std::string_view bytes;
    if (!body.Number(stream) || !body.Prefixed(bytes)) return false;
    if (stream != static_cast<uint8_t>(Stream::kOut) &&
        stream != static_cast<uint8_t>(Stream::kError)) {
      return false;
    }
    chunks.push_back({static_cast<Stream>(stream), bytes});
  }
  return body.rest().empty();
}

}  // namespace

void Recording::Append(Stream stream, std::string_view bytes) {
  if (overflowed_ || bytes.empty()) return;
  if (chunks_.empty() || chunks_.back().stream != stream) {
    chunks_.push_back({stream, 0});
  }
  const uint64_t used = bytes_.size() + kChunkOverhead * chunks_.size();
  if (used > max_bytes_ || bytes.size() > max_bytes_ - used) {
    overflowed_ = true;
    std::string().swap(bytes_);
    std::vector<Chunk>().swap(chunks_);
    return;
  }
  bytes_.append(bytes);
  chunks_.back().size += bytes.size();
}

std::string EncodeRun(std::string_view identity, uint8_t exit_status,
                      const Recording& recording) {
  assert(!recording.overflowed());
  ByteWriter body;
  body.Number(exit_status);
  body.Prefixed(identity);
  body.Number<uint64_t>(recording.chunks_.size());
  std::string_view rest = recording.bytes_;
  for (const Recording::Chunk& chunk : recording.chunks_) {
    body.Number(static_cast<uint8_t>(chunk.stream));
    body.Prefixed(rest.substr(0, chunk.size));
    rest.remove_prefix(chunk.size);
  }
  ByteWriter record;
  record.Raw(kMagic);
  record.Number(kVersion);
  record.Number(Checksum(body.view()));
  record.Raw(body.view());
  return record.Take();
}

Result<Run> DecodeRun(std::string_view record) {
  ByteReader reader(record);
  std::string_view magic;
  uint8_t version = 0;
  if (!reader.Raw(kMagic.size(), magic) || magic != kMagic ||
      !reader.Number(version)) {
    return Damaged("wrong magic number");
  }
  if (version != kVersion) {
    return Status(ErrorCode::kUnsupported,
                  "the record of the run has format version " +
                      std::to_string(version) +
                      ", this appcache supports version 1; upgrade appcache");
  }
  uint64_t checksum = 0;
  if (!reader.Number(checksum) || checksum != Checksum(reader.rest())) {
    return Damaged("wrong checksum");
  }
  Run run;
  if (!reader.Number(run.exit_status) || !reader.Prefixed(run.identity) ||
      !ReadChunks(reader, run.chunks)) {
    return Damaged("inconsistent lengths");
  }
  return run;
}

}  // namespace appcache::command
