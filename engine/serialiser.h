// Serialisers: values to bytes and back, chosen at compile time.
//
// A serialiser of V is a type with two static functions:
//
//   static S Serialise(const V& value);     S converts to std::string_view and
//                                           is valid while `value` is
//   static std::optional<V> Deserialise(const Bytes& bytes);
//                                           none when the bytes are not a V
//
// A key picks one with `using serialiser = ...`; a whole cache with
// SerialisedBy (serialised_by.h); otherwise Serialiser<V> below serves:
//
//   Bytes, std::string     as they are
//   integers, bool         decimal text ("42", "-7", "1"): readable, and Redis
//                          can INCR them
//   float, double          the shortest decimal text that reads back exactly
//   protocol buffers       any type with SerializeToString / ParseFromString
//
// Specialise Serialiser<V> to give a type of your own a default. JSON, CBOR and
// MessagePack are in json_serialiser.h. A value that does not parse is a miss
// with kCorrupt, never a guess.

#ifndef APPCACHE_ENGINE_SERIALISER_H_
#define APPCACHE_ENGINE_SERIALISER_H_

#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "engine/bytes.h"

namespace appcache {

template <class V>
struct Serialiser {
  static_assert(sizeof(V) == 0,
                "no serialiser for this type: specialise "
                "appcache::Serialiser<V>, or name one in the key with "
                "`using serialiser = ...` (see serialiser.h)");
};

template <>
struct Serialiser<Bytes> {
  static std::string_view Serialise(const Bytes& value) { return value.view(); }
  static std::optional<Bytes> Deserialise(const Bytes& bytes) { return bytes; }
};

template <>
struct Serialiser<std::string> {
  static std::string_view Serialise(const std::string& value) { return value; }
  static std::optional<std::string> Deserialise(const Bytes& bytes) {
    return std::string(bytes.view());
  }
};

// A short text on the stack.
class InlineText {
 public:
  template <class T>
  explicit InlineText(T number) {
    size_ = static_cast<size_t>(
        std::to_chars(text_.data(), text_.data() + text_.size(), number).ptr -
        text_.data());
  }
  operator std::string_view() const {  // NOLINT(google-explicit-constructor)
    return {text_.data(), size_};
  }

 private:
  std::array<char, 64> text_;
  size_t size_;
};

template <class T>
concept Number = (std::integral<T> ||
                  std::floating_point<T>)&&!std::same_as<T, bool>;

template <Number V>
struct Serialiser<V> {
  static InlineText Serialise(V value) {
    if constexpr (std::integral<V>) {
      // Through the widest type, so that char is a number too.
      using Wide = std::conditional_t<std::is_signed_v<V>, long long,
                                      unsigned long long>;
      return InlineText(static_cast<Wide>(value));
    } else {
      return InlineText(value);
    }
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    using Parsed = std::conditional_t<
        std::floating_point<V>, V,
        std::conditional_t<std::is_signed_v<V>, long long, unsigned long long>>;
    Parsed parsed{};
    const char* const end = bytes.data() + bytes.size();
    const auto [ptr, error] = std::from_chars(bytes.data(), end, parsed);
    if (error != std::errc() || ptr != end) return std::nullopt;
    if constexpr (std::integral<V>) {
      if (parsed < std::numeric_limits<V>::min() ||
          parsed > std::numeric_limits<V>::max()) {
        return std::nullopt;
      }
    }
    return static_cast<V>(parsed);
  }
};

template <>
struct Serialiser<bool> {
  static std::string_view Serialise(bool value) { return value ? "1" : "0"; }
  static std::optional<bool> Deserialise(const Bytes& bytes) {
    if (bytes.view() == "1") return true;
    if (bytes.view() == "0") return false;
    return std::nullopt;
  }
};

template <class V>
concept ProtocolBuffer = requires(const V& in, V& out, std::string& text) {
  { in.SerializeToString(&text) } -> std::convertible_to<bool>;
  { out.ParseFromString(text) } -> std::convertible_to<bool>;
};

template <ProtocolBuffer V>
struct Serialiser<V> {
  static std::string Serialise(const V& value) {
    std::string text;
    if (!value.SerializeToString(&text)) {
      throw std::runtime_error("SerializeToString failed");
    }
    return text;
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    V value;
    if (!value.ParseFromString(std::string(bytes.view()))) return std::nullopt;
    return value;
  }
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_SERIALISER_H_
