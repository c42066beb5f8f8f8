#include <zstd.h>
#include <zstd_errors.h>

#include <utility>
#include <vector>

#include "tools/trace/byte_source.h"

namespace appcache::trace {
namespace {

// Decompresses any number of frames. The memory is that of the library's
// default limit for a window, 128 MiB; a frame with a larger one is kTooLarge.
class ZstdSource final : public ByteSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> source, std::string name)
      : source_(std::move(source)),
        name_(std::move(name)),
        stream_(ZSTD_createDStream(), ZSTD_freeDStream),
        buffer_(ZSTD_DStreamInSize()) {}

  Result<size_t> Read(char* data, size_t size) override {
    if (stream_ == nullptr) return Status::OutOfMemory();
    ZSTD_outBuffer output{data, size, 0};
    while (output.pos == 0) {
      // What is left of a frame may be in the decoder, without input.
      if (input_.pos == input_.size && !has_more_) {
        const Result<bool> filled = Fill();
        if (!filled.ok()) return filled.status();
        if (!*filled) return size_t{0};
      }
      const size_t code =
          ZSTD_decompressStream(stream_.get(), &output, &input_);
      if (ZSTD_isError(code) != 0) return Failed(code);
      is_between_frames_ = code == 0;
      has_more_ = code != 0 && output.pos == output.size;
    }
    return output.pos;
  }

 private:
  // Returns false at the end of the file.
  Result<bool> Fill() {
    const Result<size_t> got = source_->Read(buffer_.data(), buffer_.size());
    if (!got.ok()) return got.status();
    if (*got == 0 && !is_between_frames_) return Failed("is truncated");
    input_ = {buffer_.data(), *got, 0};
    return *got > 0;
  }

  Status Failed(size_t code) const {
    if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge) {
      return Status(ErrorCode::kTooLarge,
                    "cannot read " + name_ +
                        ": its zstd data needs a window of more than 128 MiB; "
                        "decompress it before, with zstd -d --long=31");
    }
    return Failed(std::string("is damaged (") + ZSTD_getErrorName(code) + ")");
  }

  Status Failed(const std::string& what) const {
    return Status(ErrorCode::kCorrupt,
                  "cannot read " + name_ + ": its zstd data " + what);
  }

  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  const std::unique_ptr<ZSTD_DStream, size_t (*)(ZSTD_DStream*)> stream_;
  std::vector<char> buffer_;
  ZSTD_inBuffer input_{nullptr, 0, 0};
  bool is_between_frames_ = false;
  bool has_more_ = false;  // the last call has filled all of its output
};

}  // namespace

std::unique_ptr<ByteSource> NewZstdSource(std::unique_ptr<ByteSource> source,
                                          std::string name) {
  return std::make_unique<ZstdSource>(std::move(source), std::move(name));
}

}  // namespace appcache::trace
