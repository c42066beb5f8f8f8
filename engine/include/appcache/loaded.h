// Loaded<V>: what a loader of GetVia returns when it has more to say than a
// value: its own ttl, that it must not be stored, or that there is none.
//
//   auto user = cache.GetVia(UserKey{7}, [&]() -> Loaded<std::string> {
//     auto row = ReadFromDb(7);
//     if (!row) return Loaded<std::string>::NotFound(std::chrono::seconds(10));
//     if (row->incomplete) return Loaded<std::string>::NotStored(row->name);
//     return {row->name, row->good_for};
//   });
//   if (user) std::cout << *user;  // a std::optional<std::string>
//
// GetVia returns a V when the loader returns its value alone, and a
// std::optional<V> when the loader returns a Loaded<V>. So "not found" needs
// neither a reserved V nor an exception.

#ifndef APPCACHE_LOADED_H_
#define APPCACHE_LOADED_H_

#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "appcache/times.h"

namespace appcache {

template <class V>
class Loaded {
 public:
  using value_type = V;

  // Is stored with LoadOptions::ttl.
  Loaded(V value)  // NOLINT(google-explicit-constructor)
      : value_(std::move(value)) {}

  // Is stored with its own ttl; kNoTtl never expires.
  Loaded(V value, Ttl ttl) : value_(std::move(value)), ttl_(ttl) {}

  // Is returned to this caller and to those who wait for it, but not stored. An
  // entry that is stored stays.
  static Loaded NotStored(V value) {
    Loaded loaded(std::move(value));
    loaded.is_stored_ = false;
    return loaded;
  }

  // There is no value. A stale one is removed. For `remembered_for`, at most
  // kMaxTtl, callers of the same Cache whose loader returns a Loaded<V> get
  // "none" without a load, until the key is set, invalidated or cleared through
  // that Cache. Zero or less: not remembered.
  static Loaded NotFound(Ttl remembered_for = Ttl(0)) {
    Loaded loaded;
    loaded.ttl_ = remembered_for;
    loaded.is_stored_ = false;
    return loaded;
  }

  bool is_found() const noexcept { return value_.has_value(); }
  bool is_stored() const noexcept { return is_stored_; }

  // Empty when !is_found().
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

// The result of GetVia.
template <class V, class Loader>
using LoadResult =
    std::conditional_t<kMayFindNone<Loader>, std::optional<V>, V>;

// What a loader of GetManyVia returns for one key, and GetManyVia's result for
// it.
template <class K, class Loader>
using LoadedOne = typename std::remove_cvref_t<
    std::invoke_result_t<Loader&, std::span<const K>>>::value_type;
template <class K, class Loader>
using LoadManyResult = std::conditional_t<kIsLoaded<LoadedOne<K, Loader>>,
                                          std::optional<typename K::value_type>,
                                          typename K::value_type>;

}  // namespace internal
}  // namespace appcache

#endif  // APPCACHE_LOADED_H_
