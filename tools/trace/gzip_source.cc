#include <zlib.h>

#include <utility>
#include <vector>

#include "tools/trace/byte_source.h"

namespace appcache::trace {
namespace {

class GzipSource final : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> source, std::string name)
      : source_(std::move(source)), name_(std::move(name)), input_(kReadBytes) {
    // 15 is the largest window, and 16 accepts the header of gzip only.
    is_usable_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipSource() override {
    if (is_usable_) inflateEnd(&stream_);
  }

  Result<size_t> Read(char* data, size_t size) override {
    if (!is_usable_) return Status::OutOfMemory();
    stream_.next_out = reinterpret_cast<Bytef*>(data);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0) {
        const Result<bool> filled = Fill();
        if (!filled.ok()) return filled.status();
        if (!*filled) return size_t{0};
      }
      // A file may have several members, one after the other.
      if (is_between_members_) inflateReset(&stream_);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code != Z_OK && code != Z_STREAM_END) return Damaged();
      is_between_members_ = code == Z_STREAM_END;
    }
    return size - stream_.avail_out;
  }

 private:
  static constexpr size_t kReadBytes = size_t{256} << 10;

  // Returns false at the end of the file.
  Result<bool> Fill() {
    const Result<size_t> got = source_->Read(input_.data(), input_.size());
    if (!got.ok()) return got.status();
    if (*got == 0 && !is_between_members_) {
      return Status(ErrorCode::kCorrupt,
                    "cannot read " + name_ + ": its gzip data is truncated");
    }
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(*got);
    return *got > 0;
  }

  Status Damaged() const {
    const char* const why = stream_.msg;
    return Status(ErrorCode::kCorrupt,
                  "cannot read " + name_ + ": its gzip data is damaged" +
                      (why == nullptr ? "" : std::string(" (") + why + ")"));
  }

  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  std::vector<char> input_;
  z_stream stream_{};
  bool is_usable_ = false;
  bool is_between_members_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> NewGzipSource(std::unique_ptr<ByteSource> source,
                                          std::string name) {
  return std::make_unique<GzipSource>(std::move(source), std::move(name));
}

}  // namespace appcache::trace
