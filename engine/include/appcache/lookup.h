// Lookup<V>: the result of a read.
//
// A Lookup is a hit, a miss, or a miss with an Error: a failing cache is a
// miss, and says so. Code that only wants the value treats a Lookup as an
// optional; code that distinguishes the two kinds of miss calls has_error().
//
//   if (auto user = cache.Get(UserKey{7})) Use(*user);

#ifndef APPCACHE_LOOKUP_H_
#define APPCACHE_LOOKUP_H_

#include <cassert>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include "appcache/error.h"

namespace appcache {

// Where a backend found its answer.
enum class Origin : uint8_t {
  kStorage,    // in the storage that holds the entries: a tier's remote
  kCopy,       // in a copy that is kept nearer and is within its age limit
  kStaleCopy,  // in such a copy, beyond its age limit
};

template <class V>
class [[nodiscard]] Lookup {
 public:
  using value_type = V;

  static Lookup Hit(V value) { return Lookup(std::move(value)); }
  static Lookup Miss() noexcept { return Lookup(); }
  // REQUIRES: !status.ok().
  static Lookup Failed(Status status) noexcept {
    assert(!status.ok());
    return Lookup(std::move(status));
  }

  bool is_hit() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return is_hit(); }

  // True for a miss that was caused by a failure.
  bool has_error() const noexcept { return !status_.ok(); }
  // REQUIRES: has_error().
  const Error& error() const noexcept { return status_.error(); }
  // Success for a hit and for a plain miss.
  const Status& status() const noexcept { return status_; }

  Origin origin() const noexcept { return origin_; }
  // For backends.
  void set_origin(Origin origin) noexcept { origin_ = origin; }

  // The value. Throws BadAccess for a miss. Of an rvalue it is moved out.
  V& value() & {
    if (!is_hit()) internal::ThrowBadAccess(status_);
    return *value_;
  }
  const V& value() const& {
    if (!is_hit()) internal::ThrowBadAccess(status_);
    return *value_;
  }
  V value() && {
    if (!is_hit()) internal::ThrowBadAccess(status_);
    return *std::move(value_);
  }

  // REQUIRES: is_hit().
  V& operator*() & noexcept {
    assert(is_hit());
    return *value_;
  }
  const V& operator*() const& noexcept {
    assert(is_hit());
    return *value_;
  }
  V&& operator*() && noexcept {
    assert(is_hit());
    return *std::move(value_);
  }
  V* operator->() noexcept {
    assert(is_hit());
    return &*value_;
  }
  const V* operator->() const noexcept {
    assert(is_hit());
    return &*value_;
  }

  template <class U>
  V value_or(U&& fallback) && {
    return std::move(value_).value_or(std::forward<U>(fallback));
  }
  template <class U>
  V value_or(U&& fallback) const& {
    return value_.value_or(std::forward<U>(fallback));
  }

  // A hit with `function(value)`, or this miss with its error. Keeps the
  // origin. Throws what `function` throws.
  //
  //   Lookup<size_t> length = cache.Get(key).Map(
  //       [](const std::string& text) { return text.size(); });
  template <class F>
  auto Map(F&& function) && -> Lookup<
      std::decay_t<decltype(function(std::declval<V&&>()))>> {
    return MapTo(*this, [&]() -> decltype(auto) {
      return std::forward<F>(function)(*std::move(value_));
    });
  }
  template <class F>
  auto Map(F&& function) const& -> Lookup<
      std::decay_t<decltype(function(std::declval<const V&>()))>> {
    return MapTo(*this, [&]() -> decltype(auto) {
      return std::forward<F>(function)(*value_);
    });
  }

 private:
  Lookup() noexcept = default;
  explicit Lookup(V value) : value_(std::move(value)) {}
  explicit Lookup(Status status) noexcept : status_(std::move(status)) {}

  template <class Self, class Make>
  static auto MapTo(const Self& self, const Make& make) {
    using To = Lookup<std::decay_t<decltype(make())>>;
    To mapped = self.is_hit()      ? To::Hit(make())
                : self.has_error() ? To::Failed(self.status())
                                   : To::Miss();
    mapped.set_origin(self.origin());
    return mapped;
  }

  std::optional<V> value_;
  Status status_;
  Origin origin_ = Origin::kStorage;
};

}  // namespace appcache

#endif  // APPCACHE_LOOKUP_H_
