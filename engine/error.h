// What can go wrong, and how it is told: ErrorCode, Error, Status, Result.
//
// appcache throws nothing across its interface (the one exception is what a
// user's own loader throws through GetVia). An operation that yields no value
// returns a Status, one that yields a value a Result, and a read a Lookup
// (lookup.h).

#ifndef APPCACHE_ENGINE_ERROR_H_
#define APPCACHE_ENGINE_ERROR_H_

#include <cassert>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace appcache {

// The closed list. A program may switch over it without a default.
enum class ErrorCode {
  // The backend cannot be reached or used: server down, file that cannot be
  // opened, I/O error, cache closed, object used in a forked child.
  kUnavailable,
  // The backend did not answer within its time limit; the outcome is unknown.
  kTimeout,
  // The key is longer than the backend takes.
  kInvalidKey,
  // Another argument is outside what it may be: a negative ttl, a limit of
  // zero, an unknown option.
  kInvalidArgument,
  // The value is larger than the backend, or the cache's limit, takes.
  kTooLarge,
  // What is stored is not what was written: bytes that do not decompress or
  // parse, a damaged database.
  kCorrupt,
  // Others held the backend for longer than the limit; nothing was done, and
  // the same call may succeed later.
  kBusy,
  // No room: disk full, memory exhausted.
  kFull,
  // Not something this backend or this version does, or lets this user do: a
  // newer file format, a database that is not a cache, a missing permission.
  // Nothing was done, and the same call will not do better.
  kUnsupported,
  // A bug in appcache or in a backend's library: please report it. Or an
  // exception of the caller's own code, in a key or a serialiser: the message
  // is its what().
  kInternal,
};

// "unavailable", "timeout", ...: the code in lower case with underscores.
std::string_view ToString(ErrorCode code) noexcept;

// Why something failed. Immutable.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  // For a person: what failed, on what, and what to do. Never contains a value
  // or a password.
  std::string message;
  // The backend's own number (SQLite's extended result code, errno, ...); zero
  // when there is none.
  int native_code = 0;
};

// "busy: the writer lane of cache.db was held for ... (5)".
std::string ToString(const Error& error);

// Success, or an Error. Success is one null pointer: free to make, pass and
// test. Copies share the error.
class [[nodiscard]] Status {
 public:
  Status() noexcept = default;  // success
  Status(Error error)           // NOLINT(google-explicit-constructor)
      : error_(std::make_shared<const Error>(std::move(error))) {}
  Status(ErrorCode code, std::string message, int native_code = 0)
      : Status(Error{code, std::move(message), native_code}) {}

  // kFull, "out of memory". Allocates nothing itself.
  static Status OutOfMemory() noexcept;

  bool ok() const noexcept { return error_ == nullptr; }

  // REQUIRES: !ok().
  const Error& error() const noexcept {
    assert(error_ != nullptr);
    return *error_;
  }

  // True when this is a failure with that code.
  bool Is(ErrorCode code) const noexcept {
    return error_ != nullptr && error_->code == code;
  }

  // "ok", or the error as ToString tells it.
  std::string ToString() const;

 private:
  explicit Status(std::shared_ptr<const Error> error) noexcept
      : error_(std::move(error)) {}

  std::shared_ptr<const Error> error_;
};

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

  // REQUIRES: ok().
  T& operator*() & noexcept { return *value_; }
  const T& operator*() const& noexcept { return *value_; }
  T&& operator*() && noexcept { return *std::move(value_); }
  T* operator->() noexcept { return &*value_; }
  const T* operator->() const noexcept { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_ERROR_H_
