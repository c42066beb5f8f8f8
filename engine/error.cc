#include "engine/error.h"

#include <cstddef>
#include <new>

namespace appcache {

std::string_view ToString(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kInvalidKey:
      return "invalid_key";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kFull:
      return "full";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

std::string ToString(const Error& error) {
  std::string text(ToString(error.code));
  text.append(": ").append(error.message);
  if (error.native_code != 0) {
    text.append(" (").append(std::to_string(error.native_code)).append(")");
  }
  return text;
}

Status Status::OutOfMemory() noexcept {
  // Made without the heap, and never destroyed: it may be handed out while
  // static objects are torn down.
  alignas(Error) static unsigned char storage[sizeof(Error)];
  static const Error* const error =
      new (storage) Error{ErrorCode::kFull, "out of memory", 0};
  return Status(std::shared_ptr<const Error>(std::shared_ptr<void>(), error));
}

std::string Status::ToString() const {
  return ok() ? "ok" : appcache::ToString(*error_);
}

}  // namespace appcache
