// Loaded<V>: what a loader of GetVia says when it has more to say than a value.
//
//   auto user = cache.GetVia(UserKey{7}, [&]() -> Loaded<std::string> {
//     auto row = ReadFromDb(7);
//     if (!row) return Loaded<std::string>::NotFound(std::chrono::seconds(10));
//     if (row->incomplete) return Loaded<std::string>::NotStored(row->name);
//     return {row->name, row->good_for};
//   });
//   if (user) std::cout << *user;      // a std::optional<std::string>
//
// A loader that returns its value alone cannot find that there is none, and
// GetVia returns a V; one that returns a Loaded<V> can, and GetVia returns a
// std::optional<V>. So "there is none" is a value of its own: it needs no value
// of V set apart for it, and no exception.

#ifndef APPCACHE_ENGINE_LOADED_H_
#define APPCACHE_ENGINE_LOADED_H_

#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "engine/ttl.h"

namespace appcache {

template <class V>
class Loaded {
 public:
  using value_type = V;

  // To be stored with the ttl of the LoadOptions.
  Loaded(V value)  // NOLINT(google-explicit-constructor)
      : value_(std::move(value)) {}

  // To be stored with a ttl of its own; kNoTtl never ends.
  Loaded(V value, Ttl ttl) : value_(std::move(value)), ttl_(ttl) {}

  // For this caller, and those who wait for it, but not to be stored. What is
  // stored stays.
  static Loaded NotStored(V value) {
    Loaded loaded(std::move(value));
    loaded.is_stored_ = false;
    return loaded;
  }

  // There is none. A stale value is removed. For as long as
  // `remembered_for`, at most kMaxTtl, callers of this object in this process
  // whose loader returns a Loaded<V> are told so without a load, until the key
  // is set, invalidated or cleared through this object. Zero or less: not
  // remembered.
  static Loaded NotFound(Ttl remembered_for = Ttl(0)) {
    Loaded loaded;
    loaded.ttl_ = remembered_for;
    loaded.is_stored_ = false;
    return loaded;
  }

  bool is_found() const noexcept { return value_.has_value(); }
  bool is_stored() const noexcept { return is_stored_; }

  // Empty when it is not found.
  std::optional<V>& value() noexcept { return value_; }
  const std::optional<V>& value() const noexcept { return value_; }

  // The value's own ttl, if it has one; for NotFound, how long to remember it.
  std::optional<Ttl> ttl() const noexcept { return ttl_; }

 private:
  Loaded() noexcept = default;

  std::optional<V> value_;
  std::optional<Ttl> ttl_;
  bool is_stored_ = true;
};

namespace internal {

template <class T>
inline constexpr bool kIsLoaded = false;
template <class V>
inline constexpr bool kIsLoaded<Loaded<V>> = true;

// Whether a loader may find that there is no value.
template <class Loader>
inline constexpr bool kMayFindNone =
    kIsLoaded<std::remove_cvref_t<std::invoke_result_t<Loader>>>;

// What GetVia returns.
template <class V, class Loader>
using LoadResult =
    std::conditional_t<kMayFindNone<Loader>, std::optional<V>, V>;

// The same of GetManyVia's.
template <class K, class Loader>
using MadeMany = typename std::remove_cvref_t<
    std::invoke_result_t<Loader&, std::span<const K>>>::value_type;
template <class K, class Loader>
using LoadManyResult = std::conditional_t<kIsLoaded<MadeMany<K, Loader>>,
                                          std::optional<typename K::value_type>,
                                          typename K::value_type>;

}  // namespace internal
}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOADED_H_
