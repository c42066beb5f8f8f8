// Lookup<V>: what a read of a cache yields.
//
// A hit, a miss, or a miss with an Error: a cache that fails is a miss, and
// says so. Code that only wants the value treats it as an optional; code that
// cares asks has_error().
//
//   if (auto user = cache.Get(UserKey(7))) Use(*user);

#ifndef APPCACHE_ENGINE_LOOKUP_H_
#define APPCACHE_ENGINE_LOOKUP_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "engine/error.h"

namespace appcache {

// Which level of a cache answered. Of a cache with one level: kOwn.
enum class Level : uint8_t {
  kOwn,
  kLocal,       // of a tier: its local cache
  kLocalStale,  // the same, beyond max_staleness (WhenLost::kServeStale)
  kRemote,      // of a tier: its remote cache
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

  // A miss because of a failure.
  bool has_error() const noexcept { return !status_.ok(); }
  // REQUIRES: has_error().
  const Error& error() const noexcept { return status_.error(); }
  // Success for a hit and for a plain miss.
  const Status& status() const noexcept { return status_; }

  // Who said so.
  Level level() const noexcept { return level_; }
  // For caches.
  void set_level(Level level) noexcept { level_ = level; }

  // REQUIRES: is_hit().
  V& operator*() & noexcept { return *value_; }
  const V& operator*() const& noexcept { return *value_; }
  V&& operator*() && noexcept { return *std::move(value_); }
  V* operator->() noexcept { return &*value_; }
  const V* operator->() const noexcept { return &*value_; }

  template <class U>
  V value_or(U&& fallback) && {
    return std::move(value_).value_or(std::forward<U>(fallback));
  }
  template <class U>
  V value_or(U&& fallback) const& {
    return value_.value_or(std::forward<U>(fallback));
  }

 private:
  Lookup() noexcept = default;
  explicit Lookup(V value) : value_(std::move(value)) {}
  explicit Lookup(Status status) noexcept : status_(std::move(status)) {}

  std::optional<V> value_;
  Status status_;
  Level level_ = Level::kOwn;
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOOKUP_H_
