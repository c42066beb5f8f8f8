#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "appcache/compressor.h"

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

// When `stream` has consumed its input, provides the next part of `input`,
// which starts at `offset`, and moves `offset` behind it.
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
    // Does not run out of room: deflateBound is an upper bound of the output.
    if (rc != Z_STREAM_END) {
      return Status(ErrorCode::kInternal,
                    "cannot compress a value: zlib's deflate failed", rc);
    }
    return Bytes::Copy(std::string_view(output).substr(0, produced));
  }

  Result<Bytes> Decompress(std::string_view bytes,
                           size_t max_bytes) const override {
    Inflater inflater;
    if (!inflater.ok()) return Status::OutOfMemory();
    z_stream& stream = inflater.stream();
    // One byte above the limit distinguishes a value that just fits from one
    // that does not. Memory grows with the actual output, never with the size
    // that a header claims.
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
        return Corrupt("it inflates to more than max_inflated_bytes", rc);
      }
      if (rc == Z_MEM_ERROR) return Status::OutOfMemory();
      const bool input_left = stream.avail_in > 0 || consumed < bytes.size();
      if (rc == Z_STREAM_END) {
        // Zeros may follow a member, as for gunzip and Python.
        consumed = bytes.find_first_not_of('\0', consumed - stream.avail_in);
        if (consumed == std::string_view::npos) break;
        stream.avail_in = 0;
        inflateReset(&stream);  // for the next member
      } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return Corrupt(stream.msg ? stream.msg : "damaged data", rc);
      } else if (!input_left && stream.avail_out > 0) {
        return Corrupt("it is truncated", rc);
      }
    }
    return Bytes::Build(produced, [&output](char* to) {
      for (const Piece& piece : output) {
        to = std::copy_n(piece.data.get(), piece.used, to);
      }
    });
  }

 private:
  // Output of unknown size is written to pieces, which are never reallocated.
  // Each is as large as all earlier ones together, up to the limit, so there
  // are few.
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
