#include "appcache/error.h"

#include <cstddef>
#include <new>
#include <utility>

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
  // Not on the heap and never destroyed: it may be returned while static
  // objects are destroyed.
  alignas(Error) static unsigned char storage[sizeof(Error)];
  static const Error* const error =
      new (storage) Error{ErrorCode::kFull, "out of memory", 0};
  return Status(std::shared_ptr<const Error>(std::shared_ptr<void>(), error));
}

Status Status::FromCurrentException() noexcept {
  // The outer try is for exhausted memory while the Status is created.
  try {
    try {
      throw;
    } catch (const std::bad_alloc&) {
      return OutOfMemory();
    } catch (const std::exception& exception) {
      return Status(
          ErrorCode::kInternal,
          std::string("an exception was thrown: ") + exception.what());
    } catch (...) {
      return Status(ErrorCode::kInternal,
                    "an exception of no standard type was thrown");
    }
  } catch (...) {
    return OutOfMemory();
  }
}

std::string Status::ToString() const {
  return ok() ? "ok" : appcache::ToString(*error_);
}

BadAccess::BadAccess(Status status) noexcept : status_(std::move(status)) {
  try {
    what_ = status_.ok() ? "there is no value: the lookup was a miss"
                         : "there is no value: " + status_.ToString();
  } catch (...) {
    // what() is then empty; status() says why there is no value.
  }
}

const char* BadAccess::what() const noexcept { return what_.c_str(); }

void internal::ThrowBadAccess(const Status& status) { throw BadAccess(status); }

}  // namespace appcache
