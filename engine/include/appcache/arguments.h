// The kinds of arguments that the functions of Cache take, and their
// conversions. Not for users.

#ifndef APPCACHE_ARGUMENTS_H_
#define APPCACHE_ARGUMENTS_H_

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appcache/require_cxx20.h"

namespace appcache::internal {

// What converts to std::span<const element>: a vector, an array, a span.
template <class Range>
concept Contiguous = requires(const Range& range) {
  std::data(range);
  std::size(range);
};
template <class Range>
using ElementOf =
    std::remove_cvref_t<decltype(*std::data(std::declval<const Range&>()))>;
template <class Range>
std::span<const ElementOf<Range>> ToSpan(const Range& range) {
  return {std::data(range), std::size(range)};
}

template <Contiguous Range>
using ValueOf = typename ElementOf<Range>::value_type;

// A std::string_view, a literal or a character pointer. Not a class that
// converts to one: it may have a serialiser of its own.
template <class T>
concept StringLike = std::same_as<T, std::string_view> ||
    (!std::is_class_v<T> && std::convertible_to<const T&, std::string_view>);

// `value` itself if it is a To, otherwise a To made from it. Accepts any type
// that converts to To, and a std::string_view where To is std::string.
template <class To, class From>
decltype(auto) ToValue(const From& value) {
  if constexpr (std::same_as<To, From>) {
    return (value);
  } else if constexpr (StringLike<From>) {
    return To(value);
  } else {
    To converted = value;
    return converted;
  }
}

}  // namespace appcache::internal

#endif  // APPCACHE_ARGUMENTS_H_
