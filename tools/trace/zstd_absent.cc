// In place of zstd_source.cc, in a build without zstd.

#include <utility>

#include "tools/trace/byte_source.h"

namespace appcache::trace {
namespace {

class NoZstdSource final : public ByteSource {
 public:
  explicit NoZstdSource(std::string name) : name_(std::move(name)) {}

  Result<size_t> Read(char* /*data*/, size_t /*size*/) override {
    return Status(ErrorCode::kUnsupported,
                  "cannot read " + name_ +
                      ": it is compressed with zstd, which this build does not "
                      "have; decompress it with zstd -d, or build without "
                      "--define=zstd=no");
  }

 private:
  const std::string name_;
};

}  // namespace

std::unique_ptr<ByteSource> NewZstdSource(
    std::unique_ptr<ByteSource> /*source*/, std::string name) {
  return std::make_unique<NoZstdSource>(std::move(name));
}

}  // namespace appcache::trace
