// Errors: ErrorCode, Error, Status, and Result<T>.
//
// An operation without a value returns a Status, one with a value a Result, and
// a read a Lookup (lookup.h). appcache reports its own failures by these and
// throws nothing, with these exceptions: GetVia, GetManyVia and SetVia pass on
// what the caller's own loader or writer throws, and throw LoadTimeout and
// LoadCycle (load_options.h); and value() throws BadAccess when there is no
// value.

#ifndef APPCACHE_ERROR_H_
#define APPCACHE_ERROR_H_

#include <cassert>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "appcache/export.h"
#include "appcache/lean_std.h"

namespace appcache {

// The list is closed: a program may switch over it without a default.
enum class ErrorCode {
  // The backend cannot be reached or used: the server is down, a file cannot be
  // opened, an I/O error, a closed cache, an object used in a forked child.
  kUnavailable,
  // The backend did not answer within its time limit. It is unknown whether the
  // operation was done.
  kTimeout,
  // The key is longer than the backend accepts.
  kInvalidKey,
  // Another argument is out of range: a negative ttl, a limit of zero, an
  // unknown option.
  kInvalidArgument,
  // The value is larger than the backend, or a limit of the cache, accepts.
  kTooLarge,
  // The stored bytes are not what was written: they do not decompress or parse,
  // or the database is damaged.
  kCorrupt,
  // Another user held a lock or the last connection for longer than the limit.
  // Nothing was done; the same call may succeed later.
  kBusy,
  // Out of room: disk full, or out of memory.
  kFull,
  // The backend, its version or the user's permissions do not allow this: a
  // newer file format, a database that is not a cache, an operation that the
  // backend does not have. Nothing was done, and a retry will not help.
  kUnsupported,
  // A bug in appcache or in a backend's library: please report it. Or an
  // exception of the caller's own code, thrown in a key or a serialiser; then
  // the message is its what().
  kInternal,
};

// "unavailable", "timeout", ...: the code in lower case with underscores.
APPCACHE_EXPORT std::string_view ToString(ErrorCode code) noexcept;

// Why an operation failed. Immutable.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  // For a person: what failed, on what, and what to do. Never contains a cached
  // value or a password.
  std::string message;
  // The backend's own error number (SQLite's extended result code, errno, ...);
  // zero when there is none.
  int native_code = 0;
};

// "busy: waited 2000 ms for the writer lock of cache.db (5)".
APPCACHE_EXPORT std::string ToString(const Error& error);

// Success, or an Error. Success is one null pointer: creating, passing and
// testing it costs nothing. Copies share the Error.
class [[nodiscard]] APPCACHE_EXPORT Status {
 public:
  Status() noexcept = default;  // success
  Status(Error error)           // NOLINT(google-explicit-constructor)
      : error_(std::make_shared<const Error>(std::move(error))) {}
  Status(ErrorCode code, std::string message, int native_code = 0)
      : Status(Error{code, std::move(message), native_code}) {}

  // kFull, "out of memory". Does not allocate.
  static Status OutOfMemory() noexcept;

  // The exception being handled: kFull for std::bad_alloc, otherwise kInternal
  // with its what(). REQUIRES: called in a catch block.
  static Status FromCurrentException() noexcept;

  bool ok() const noexcept { return error_ == nullptr; }

  // REQUIRES: !ok().
  const Error& error() const noexcept {
    assert(!ok());
    return *error_;
  }
  // REQUIRES: !ok().
  ErrorCode code() const noexcept { return error().code; }
  // REQUIRES: !ok().
  const std::string& message() const noexcept { return error().message; }

  // True for a failure with this code.
  bool Is(ErrorCode code) const noexcept {
    return error_ != nullptr && error_->code == code;
  }

  // "ok", or ToString of the error.
  std::string ToString() const;

 private:
  explicit Status(std::shared_ptr<const Error> error) noexcept
      : error_(std::move(error)) {}

  std::shared_ptr<const Error> error_;
};

// Thrown by Result::value() and Lookup::value() when there is no value.
class APPCACHE_EXPORT BadAccess : public std::exception {
 public:
  explicit BadAccess(Status status) noexcept;

  // Why there is no value. ok() for a plain miss.
  const Status& status() const noexcept { return status_; }
  const char* what() const noexcept override;

 private:
  Status status_;
  std::string what_;
};

namespace internal {
// Throws BadAccess.
[[noreturn]] APPCACHE_EXPORT void ThrowBadAccess(const Status& status);
}  // namespace internal

// A T, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value)  // NOLINT(google-explicit-constructor)
      : value_(std::move(value)) {}
  // REQUIRES: !status.ok().
  Result(Status status)  // NOLINT(google-explicit-constructor)
      : status_(std::move(status)) {
    assert(!status_.ok());
  }
  Result(Error error)  // NOLINT(google-explicit-constructor)
      : status_(std::move(error)) {}

  bool ok() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const Status& status() const noexcept { return status_; }
  // REQUIRES: !ok().
  const Error& error() const noexcept { return status_.error(); }

  // The value. Throws BadAccess when !ok(). Of an rvalue it is moved out, so
  // that `for (auto& x : MakeResult().value())` is safe.
  T& value() & {
    if (!ok()) internal::ThrowBadAccess(status_);
    return *value_;
  }
  const T& value() const& {
    if (!ok()) internal::ThrowBadAccess(status_);
    return *value_;
  }
  T value() && {
    if (!ok()) internal::ThrowBadAccess(status_);
    return *std::move(value_);
  }

  // REQUIRES: ok().
  T& operator*() & noexcept {
    assert(ok());
    return *value_;
  }
  const T& operator*() const& noexcept {
    assert(ok());
    return *value_;
  }
  T&& operator*() && noexcept {
    assert(ok());
    return *std::move(value_);
  }
  T* operator->() noexcept {
    assert(ok());
    return &*value_;
  }
  const T* operator->() const noexcept {
    assert(ok());
    return &*value_;
  }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace appcache

#endif  // APPCACHE_ERROR_H_
