#include "appcache/cache_options.h"

namespace appcache {

Status Validate(const CacheOptions& options) {
  if (options.compressor == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the compressor is null; keep the default, or give one that "
                  "compresses nothing");
  }
  if (options.log == nullptr) {
    return Status(ErrorCode::kInvalidArgument,
                  "the log sink is empty; keep the default, or give one that "
                  "does nothing");
  }
  return Status();
}

}  // namespace appcache
