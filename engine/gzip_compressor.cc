#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/compressor.h"

namespace appcache {
namespace {

// windowBits: 15 is the largest window, +16 selects the gzip wrapper.
constexpr int kGzipWindow = 15 + 16;
constexpr int kDefaultMemLevel = 8;
// zlib counts its input and output in unsigned ints.
constexpr size_t kMaxStep = std::numeric_limits<uInt>::max();
constexpr size_t kFirstOutputBytes = 4096;

class Deflater {
 public:
  explicit Deflater(int level)
      : rc_(deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow,
                         kDefaultMemLevel, Z_DEFAULT_STRATEGY)) {}
  ~Deflater() {
    if (rc_ == Z_OK) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  bool ok() const { return rc_ == Z_OK; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  int rc_;
};

class Inflater {
 public:
  Inflater() : rc_(inflateInit2(&stream_, kGzipWindow)) {}
  ~Inflater() {
    if (rc_ == Z_OK) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool ok() const { return rc_ == Z_OK; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  int rc_;
};

Bytef* AsZlib(const char* data) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(data));
}

// Gives `stream` the next part of `input`, from `offset` on.
void Feed(z_stream& stream, std::string_view input, size_t& offset) {
  if (stream.avail_in > 0 || offset == input.size()) return;
  const size_t step = std::min(input.size() - offset, kMaxStep);
  stream.next_in = AsZlib(input.data() + offset);
  stream.avail_in = static_cast<uInt>(step);
  offset += step;
}

Status Corrupt(const char* why, int rc) {
  return Status(ErrorCode::kCorrupt,
                std::string("cannot decompress a gzip value: ") + why, rc);
}

class Gzip final : public Compressor {
 public:
  explicit Gzip(int level) : level_(level) {}

  bool IsCompressed(std::string_view bytes) const noexcept override {
    return bytes.starts_with("\x1f\x8b");
  }

  Result<Bytes> Compress(std::string_view bytes) const override {
    Deflater deflater(level_);
    if (!deflater.ok()) return Status::OutOfMemory();
    z_stream& stream = deflater.stream();
    std::string output(deflateBound(&stream, bytes.size()), '\0');
    size_t consumed = 0;
    size_t produced = 0;
    int rc = Z_OK;
    while (rc == Z_OK) {
      Feed(stream, bytes, consumed);
      const size_t room = std::min(output.size() - produced, kMaxStep);
      stream.next_out = AsZlib(output.data() + produced);
      stream.avail_out = static_cast<uInt>(room);
      rc = deflate(&stream, consumed == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
      produced += room - stream.avail_out;
    }
    // deflateBound left room for all of it.
    if (rc != Z_STREAM_END) {
      return Status(ErrorCode::kInternal, "zlib could not compress a value",
                    rc);
    }
    return Bytes::Copy(std::string_view(output).substr(0, produced));
  }

  Result<Bytes> Decompress(std::string_view bytes,
                           size_t max_bytes) const override {
    Inflater inflater;
    if (!inflater.ok()) return Status::OutOfMemory();
    z_stream& stream = inflater.stream();
    // One byte past the cap tells "just fits" from "too much". Grows with what
    // is really there, never with what a header claims.
    const size_t most = max_bytes == std::numeric_limits<size_t>::max()
                            ? max_bytes
                            : max_bytes + 1;
    std::vector<Piece> output;
    size_t consumed = 0;
    size_t produced = 0;
    for (;;) {
      Feed(stream, bytes, consumed);
      if (output.empty() || output.back().is_full()) {
        output.emplace_back(
            std::min(most - produced, std::max(produced, kFirstOutputBytes)));
      }
      Piece& piece = output.back();
      const size_t room = std::min(piece.size - piece.used, kMaxStep);
      stream.next_out = AsZlib(piece.data.get() + piece.used);
      stream.avail_out = static_cast<uInt>(room);
      const int rc = inflate(&stream, Z_NO_FLUSH);
      piece.used += room - stream.avail_out;
      produced += room - stream.avail_out;
      if (produced > max_bytes) {
        return Corrupt("it is larger than the limit of the cache", rc);
      }
      if (rc == Z_MEM_ERROR) return Status::OutOfMemory();
      const bool input_left = stream.avail_in > 0 || consumed < bytes.size();
      if (rc == Z_STREAM_END) {
        if (!input_left) break;
        inflateReset(&stream);  // the next member; next_in stays
      } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return Corrupt(stream.msg ? stream.msg : "damaged data", rc);
      } else if (!input_left && stream.avail_out > 0) {
        return Corrupt("it is cut short", rc);
      }
    }
    return Bytes::Build(produced, [&output](char* to) {
      for (const Piece& piece : output) {
        to = std::copy_n(piece.data.get(), piece.used, to);
      }
    });
  }

 private:
  // Output of unknown size is written to pieces that never move: each as large
  // as all before it, so that there are few, and none beyond the cap.
  struct Piece {
    explicit Piece(size_t bytes)
        : data(std::make_unique_for_overwrite<char[]>(bytes)), size(bytes) {}
    bool is_full() const { return used == size; }

    std::unique_ptr<char[]> data;
    size_t size;
    size_t used = 0;
  };

  const int level_;
};

}  // namespace

std::shared_ptr<const Compressor> GzipCompressor(int level) {
  assert(level >= 1 && level <= 9);
  return std::make_shared<Gzip>(level);
}

}  // namespace appcache
