#include "tools/command/exec/run_record.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "tools/command/text/byte_codec.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace appcache::command {
namespace {

constexpr std::string_view kMagic = "appcRUN\n";
constexpr uint8_t kVersion = 3;
constexpr uint8_t kVersionWithoutTtl = 2;
constexpr off_t kHashOffset = static_cast<off_t>(kMagic.size()) + 1;
// What the format adds to each chunk. It counts towards the limit, so that the
// limit also holds for a command that alternates single bytes between streams.
constexpr uint64_t kChunkOverhead = 9;
constexpr uint64_t kTrailerSize = 8 + 1 + 8 + 8;
constexpr uint64_t kTrailerSizeWithoutTtl = 8 + 1 + 8;

uint64_t Checksum(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Status Damaged(const char* what) {
  return Status(ErrorCode::kCorrupt,
                std::string("the record of the run is damaged: ") + what);
}

Status CannotKeep(int error) {
  return SystemFailure("keep", "the output", error);
}

// Reads the chunks whose `index` follows their `output`.
bool ReadChunks(std::string_view output, ByteReader& index, uint64_t count,
                std::vector<Run::Chunk>& chunks) {
  ByteReader bytes_of_chunks(output);
  chunks.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint8_t stream = 0;
    uint64_t size = 0;
    std::string_view bytes;
    if (!index.Number(stream) || !index.Number(size) ||
        !bytes_of_chunks.Raw(size, bytes)) {
      return false;
    }
    if (stream != static_cast<uint8_t>(Stream::kOut) &&
        stream != static_cast<uint8_t>(Stream::kError)) {
      return false;
    }
    chunks.push_back({static_cast<Stream>(stream), bytes});
  }
  return bytes_of_chunks.rest().empty();
}

// A time or a duration. No clock shows a time after the year 9999, and
// differences of times up to it do not overflow.
bool ReadMilliseconds(ByteReader& reader, std::chrono::milliseconds& time) {
  constexpr uint64_t kMax = 253'402'300'799'999;
  uint64_t number = 0;
  if (!reader.Number(number) || number > kMax) return false;
  time = std::chrono::milliseconds(static_cast<int64_t>(number));
  return true;
}

// Decodes what follows the header.
bool ReadBody(ByteReader body, uint8_t version, Run& run) {
  if (!body.Prefixed(run.identity)) return false;
  const std::string_view rest = body.rest();
  const bool has_ttl = version != kVersionWithoutTtl;
  const size_t trailer_size = has_ttl ? kTrailerSize : kTrailerSizeWithoutTtl;
  if (rest.size() < trailer_size) return false;
  const size_t before_trailer = rest.size() - trailer_size;
  ByteReader trailer(rest.substr(before_trailer));
  uint64_t count = 0;
  trailer.Number(count);
  trailer.Number(run.exit_status);
  if (!ReadMilliseconds(trailer, run.recorded_at)) return false;
  if (has_ttl && !ReadMilliseconds(trailer, run.ttl)) return false;
  if (count > before_trailer / kChunkOverhead) return false;
  const size_t output_size = before_trailer - count * kChunkOverhead;
  ByteReader index(rest.substr(output_size, count * kChunkOverhead));
  return ReadChunks(rest.substr(0, output_size), index, count, run.chunks);
}

}  // namespace

struct Recording::Hash {
  XXH3_state_t state;
};

Recording::Recording(int file, uint64_t max_bytes)
    : file_(file), max_bytes_(max_bytes), hash_(std::make_unique<Hash>()) {
  XXH3_64bits_reset(&hash_->state);
}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

Result<UniqueFd> CreateMemoryFile() {
  UniqueFd file(memfd_create("appcache-exec", MFD_CLOEXEC));
  if (!file.is_open()) return CannotKeep(errno);
  return file;
}

Result<Recording> Recording::Create(int file, std::string_view identity,
                                    uint64_t max_bytes) {
  ByteWriter header;
  header.Raw(kMagic);
  header.Number(kVersion);
  header.Number(uint64_t{0});  // the checksum, written by Finish
  const int error = WriteAll(file, header.view());
  if (error != 0) return CannotKeep(error);
  Recording recording(file, max_bytes);
  ByteWriter prefixed;
  prefixed.Prefixed(identity);
  recording.Write(prefixed.view());
  if (!recording.status().ok()) return recording.status();
  return recording;
}

void Recording::Append(Stream stream, std::string_view bytes) {
  if (!status_.ok() || bytes.empty()) return;
  if (chunks_.empty() || chunks_.back().stream != stream) {
    chunks_.push_back({stream, 0});
  }
  const uint64_t used = size_ + kChunkOverhead * chunks_.size();
  if (used > max_bytes_ || bytes.size() > max_bytes_ - used) {
    return Drop(Status(ErrorCode::kTooLarge, "it exceeds --max-output"));
  }
  Write(bytes);
  if (!status_.ok()) return;
  size_ += bytes.size();
  chunks_.back().size += bytes.size();
}

Status Recording::Finish(uint8_t exit_status,
                         std::chrono::milliseconds recorded_at,
                         std::chrono::milliseconds ttl) {
  assert(status_.ok());
  ByteWriter end;
  for (const Chunk& chunk : chunks_) {
    end.Number(static_cast<uint8_t>(chunk.stream));
    end.Number(chunk.size);
  }
  end.Number<uint64_t>(chunks_.size());
  end.Number(exit_status);
  end.Number(static_cast<uint64_t>(recorded_at.count()));
  end.Number(static_cast<uint64_t>(ttl.count()));
  Write(end.view());
  if (!status_.ok()) return status_;
  ByteWriter checksum;
  checksum.Number(uint64_t{XXH3_64bits_digest(&hash_->state)});
  const std::string_view bytes = checksum.view();
  if (pwrite(file_, bytes.data(), bytes.size(), kHashOffset) !=
      static_cast<ssize_t>(bytes.size())) {
    Drop(CannotKeep(errno));
  }
  return status_;
}

void Recording::Write(std::string_view bytes) {
  const int error = WriteAll(file_, bytes);
  if (error != 0) return Drop(CannotKeep(error));
  XXH3_64bits_update(&hash_->state, bytes.data(), bytes.size());
}

void Recording::Drop(Status status) {
  status_ = std::move(status);
  std::vector<Chunk>().swap(chunks_);
  // Frees the memory. Without it, the record only stays until the exit.
  if (ftruncate(file_, 0) != 0) return;
}

Result<MappedFile> MappedFile::Map(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) return CannotKeep(errno);
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return CannotKeep(EINVAL);
  void* const data = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) return CannotKeep(errno);
  return MappedFile(static_cast<const char*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
}

Result<Run> DecodeRun(std::string_view record) {
  ByteReader reader(record);
  std::string_view magic;
  uint8_t version = 0;
  if (!reader.Raw(kMagic.size(), magic) || magic != kMagic ||
      !reader.Number(version)) {
    return Damaged("wrong magic number");
  }
  if (version != kVersion && version != kVersionWithoutTtl) {
    return Status(ErrorCode::kUnsupported,
                  "the record of the run has format version " +
                      std::to_string(version) +
                      ", this appcache supports versions 2 and 3");
  }
  uint64_t checksum = 0;
  if (!reader.Number(checksum) || checksum != Checksum(reader.rest())) {
    return Damaged("wrong checksum");
  }
  Run run;
  if (!ReadBody(reader, version, run)) return Damaged("inconsistent lengths");
  return run;
}

}  // namespace appcache::command
