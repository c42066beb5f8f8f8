// Serialisers convert values to bytes and back. They are chosen at compile
// time.
//
// A serialiser of V is a type with two static functions:
//
//   struct UserSerialiser {
//     static std::string Serialise(const User& user);
//     static std::optional<User> Deserialise(const Bytes& bytes);
//   };
//
// The result of Serialise converts to std::string_view, and is valid as long as
// its argument. Deserialise returns std::nullopt when the bytes are not a V; a
// read of them is then a miss with kCorrupt.
//
// A key names its serialiser with `using serialiser = UserSerialiser;`, and a
// program with one format for all values uses SerialisedBy (serialised_by.h).
// Other keys use Serialiser<V> below, which stores
//
// - Bytes and std::string unchanged;
// - integers and bool as decimal text ("42", "-7", "1"), which people can read
//   and Redis can increment; blanks after an integer are ignored, because
//   Memcached's decr leaves some;
// - float and double as the shortest decimal text that parses to the same
//   number;
// - protocol buffers (types with SerializeToString and ParseFromString) in
//   their binary format.
//
// A pickle of Python, of protocol 2 or later, is not a std::string, although
// its bytes are: by default pyappcache stores values as pickles, and a read of
// one is a miss with kCorrupt. So a std::string that is a whole pickle cannot
// be read back; a Bytes can. pickle_serialiser.h reads pickles. One kind of
// pickle is read as an integer and as a bool: the one that a MemcacheCache
// makes of an integer of another client (memcache_cache.h).
//
// Specialise Serialiser<V> to give a type of yours a default. JSON, CBOR and
// MessagePack are in json_serialiser.h, Python's pickle in pickle_serialiser.h.

#ifndef APPCACHE_SERIALISER_H_
#define APPCACHE_SERIALISER_H_

#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "appcache/bytes.h"
#include "appcache/export.h"

namespace appcache {

template <class V>
struct Serialiser {
  static_assert(sizeof(V) == 0,
                "no serialiser for this type: specialise "
                "appcache::Serialiser<V>, or name one in the key with "
                "`using serialiser = ...` (see serialiser.h)");
};

namespace internal {

// The serialisers in this file that parse bytes which another thread may be
// waiting to free: quickly, and without a call of user code. Their ParseView
// stores the value in an object that is there, where it stays: moving a short
// string costs as much as reading it. It returns false if the bytes are not a
// V. Each names itself as its view_parser, so a serialiser that derives from
// one, and may have a Deserialise of its own, is none.
template <class S>
concept ParsesViews = std::same_as<typename S::view_parser, S>;

// Deserialise by means of ParseView.
template <class S, class V>
std::optional<V> ParseBytes(const Bytes& bytes) {
  V value{};
  if (!S::ParseView(bytes.view(), value)) return std::nullopt;
  return value;
}

// Whether the bytes are a pickle of protocol 2 or later, from its first
// instruction to its last, whatever it contains. Fast for other bytes, and for
// all text: UTF-8 does not begin with this byte.
APPCACHE_EXPORT bool IsWholePickle(std::string_view bytes) noexcept;
inline bool IsPickle(std::string_view bytes) noexcept {
  return !bytes.empty() && bytes.front() == '\x80' && IsWholePickle(bytes);
}

// A pickle of an integer in decimal, which is a number for the serialisers of
// numbers and for those of pickles, and is not text. Python can read it, but
// does not write it: from protocol 2 on, its integers are binary.
inline constexpr std::string_view kDecimalPickleStart = "\x80\x02I";
inline constexpr std::string_view kDecimalPickleEnd = "\n.";

// The decimal text in such a pickle, and other bytes unchanged.
constexpr std::string_view DecimalIn(std::string_view bytes) noexcept {
  if (!bytes.starts_with(kDecimalPickleStart) ||
      !bytes.ends_with(kDecimalPickleEnd)) {
    return bytes;
  }
  bytes.remove_prefix(kDecimalPickleStart.size());
  bytes.remove_suffix(kDecimalPickleEnd.size());
  return bytes;
}

}  // namespace internal

// The specialisations are templates, so that a program compiles only the code
// of those that it uses.

template <std::same_as<Bytes> V>
struct Serialiser<V> {
  static std::string_view Serialise(const V& value) { return value.view(); }
  static std::optional<V> Deserialise(Bytes bytes) { return bytes; }
};

template <std::same_as<std::string> V>
struct Serialiser<V> {
  using view_parser = Serialiser;
  static std::string_view Serialise(std::string_view value) { return value; }
  static bool ParseView(std::string_view bytes, V& value) {
    if (internal::IsPickle(bytes)) return false;
    value.assign(bytes);
    return true;
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    if (internal::IsPickle(bytes.view())) return std::nullopt;
    return V(bytes.view());
  }
};

template <std::same_as<bool> V>
struct Serialiser<V> {
  using view_parser = Serialiser;
  static std::string_view Serialise(V value) { return value ? "1" : "0"; }
  static bool ParseView(std::string_view bytes, V& value) {
    bytes = internal::DecimalIn(bytes);
    value = bytes == "1";
    return value || bytes == "0";
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    return internal::ParseBytes<Serialiser, V>(bytes);
  }
};

template <class T>
concept Number = (std::integral<T> ||
                  std::floating_point<T>)&&!std::same_as<T, bool>;

namespace internal {

// A type of which numbers of type T are a part, and for which there are
// functions below. For integers the widest one, so that char is a number too.
template <Number T>
using Widened = std::conditional_t<
    std::floating_point<T>, T,
    std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>>;

// The text of a number, without an allocation.
class APPCACHE_EXPORT NumberText {
 public:
  explicit NumberText(long long number);
  explicit NumberText(unsigned long long number);
  explicit NumberText(float number);
  explicit NumberText(double number);
  explicit NumberText(long double number);

  operator std::string_view() const {  // NOLINT(google-explicit-constructor)
    return {text_, size_};
  }

 private:
  template <class T>
  void Print(T number);

  char text_[64];
  size_t size_;
};

// Stores the number in `number`. False, and `number` is unchanged, when `text`
// is not the text of one, or of one that T does not hold.
APPCACHE_EXPORT bool ParseNumberText(std::string_view text, long long& number);
APPCACHE_EXPORT bool ParseNumberText(std::string_view text,
                                     unsigned long long& number);
APPCACHE_EXPORT bool ParseNumberText(std::string_view text, float& number);
APPCACHE_EXPORT bool ParseNumberText(std::string_view text, double& number);
APPCACHE_EXPORT bool ParseNumberText(std::string_view text,
                                     long double& number);

[[noreturn]] APPCACHE_EXPORT void ThrowCannotSerialise();

}  // namespace internal

template <Number V>
struct Serialiser<V> {
  using view_parser = Serialiser;
  static internal::NumberText Serialise(V value) {
    return internal::NumberText(static_cast<internal::Widened<V>>(value));
  }
  static bool ParseView(std::string_view bytes, V& value) {
    internal::Widened<V> parsed{};
    if (!internal::ParseNumberText(internal::DecimalIn(bytes), parsed)) {
      return false;
    }
    if constexpr (std::integral<V>) {
      if (parsed < std::numeric_limits<V>::min() ||
          parsed > std::numeric_limits<V>::max()) {
        return false;
      }
    }
    value = static_cast<V>(parsed);
    return true;
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    return internal::ParseBytes<Serialiser, V>(bytes);
  }
};

template <class V>
concept ProtocolBuffer = requires(const V& in, V& out, std::string& text) {
  { in.SerializeToString(&text) } -> std::convertible_to<bool>;
  { out.ParseFromString(text) } -> std::convertible_to<bool>;
};

template <ProtocolBuffer V>
struct Serialiser<V> {
  // Throws std::runtime_error when a required field is missing.
  static std::string Serialise(const V& value) {
    std::string text;
    if (!value.SerializeToString(&text)) internal::ThrowCannotSerialise();
    return text;
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    V value;
    if (internal::IsPickle(bytes.view()) ||
        !value.ParseFromString(std::string(bytes.view()))) {
      return std::nullopt;
    }
    return value;
  }
};

}  // namespace appcache

#endif  // APPCACHE_SERIALISER_H_
