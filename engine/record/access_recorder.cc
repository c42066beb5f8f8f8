#include "appcache/access_recorder.h"

#include <utility>

#include "appcache/backend.h"
#include "engine/record/recorder_file.h"
#include "engine/record/ring_writer.h"

namespace appcache {

class AccessRecorder::Impl {
 public:
  explicit Impl(internal::RecorderFile opened) noexcept
      : file(std::move(opened)), writer(file.layout()) {}

  internal::RecorderFile file;
  internal::RingWriter writer;
};

Result<std::shared_ptr<AccessRecorder>> AccessRecorder::Create(
    const std::string& path) {
  return WithoutExceptions<Result<std::shared_ptr<AccessRecorder>>>(
      [&]() -> Result<std::shared_ptr<AccessRecorder>> {
        Result<internal::RecorderFile> file =
            internal::RecorderFile::Create(path);
        if (!file.ok()) return file.status();
        return std::shared_ptr<AccessRecorder>(
            new AccessRecorder(std::make_unique<Impl>(*std::move(file))));
      });
}

AccessRecorder::AccessRecorder(std::unique_ptr<Impl> impl) noexcept
    : impl_(std::move(impl)), wanted_(impl_->file.layout().header.wanted) {}

AccessRecorder::~AccessRecorder() = default;

internal::RecorderLayout& AccessRecorder::layout() const noexcept {
  return impl_->file.layout();
}

void AccessRecorder::Record(AccessKind kind, std::string_view path,
                            size_t value_bytes, Ttl ttl) noexcept {
  impl_->writer.Write(kind, path, value_bytes, ttl);
}

}  // namespace appcache
