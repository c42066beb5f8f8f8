// JSON, CBOR and MessagePack serialisers for types with nlohmann's to_json and
// from_json.
//
// This header includes no JSON library. Include yours, and name its class in
// the serialiser of a key:
//
//   #include <nlohmann/json.hpp>
//
//   struct UserKey {
//     using value_type = User;
//     using serialiser = appcache::JsonSerialiser<User, nlohmann::json>;
//     int id;
//     void AppendTo(appcache::KeyPath& path) const { path.Segment(id); }
//   };

#ifndef APPCACHE_JSON_SERIALISER_H_
#define APPCACHE_JSON_SERIALISER_H_

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "appcache/bytes.h"

namespace appcache {

namespace internal {

// Converts `parsed` to a V. None when the input was malformed, which gives a
// discarded value, or has another shape, which makes from_json throw.
template <class V, class BasicJson>
std::optional<V> FromJson(const BasicJson& parsed) {
  if (parsed.is_discarded()) return std::nullopt;
  try {
    return parsed.template get<V>();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace internal

// The functions of these serialisers throw std::bad_alloc, and what to_json
// throws.

// JSON (RFC 8259): compact UTF-8 text, which Python's json.loads reads. A
// string that is not UTF-8 makes Serialise throw the library's type_error.
template <class V, class BasicJson>
struct JsonSerialiser {
  static std::string Serialise(const V& value) {
    return BasicJson(value).dump();
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    const char* const begin = bytes.data();
    return internal::FromJson<V>(BasicJson::parse(
        begin, begin + bytes.size(), nullptr, /*allow_exceptions=*/false));
  }
};

// CBOR (RFC 8949).
template <class V, class BasicJson>
struct CborSerialiser {
  static std::string Serialise(const V& value) {
    std::string bytes;
    BasicJson::to_cbor(BasicJson(value), bytes);
    return bytes;
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    const char* const begin = bytes.data();
    return internal::FromJson<V>(
        BasicJson::from_cbor(begin, begin + bytes.size(), /*strict=*/true,
                             /*allow_exceptions=*/false));
  }
};

// MessagePack (msgpack.org).
template <class V, class BasicJson>
struct MessagePackSerialiser {
  static std::string Serialise(const V& value) {
    std::string bytes;
    BasicJson::to_msgpack(BasicJson(value), bytes);
    return bytes;
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    const char* const begin = bytes.data();
    return internal::FromJson<V>(
        BasicJson::from_msgpack(begin, begin + bytes.size(), /*strict=*/true,
                                /*allow_exceptions=*/false));
  }
};

}  // namespace appcache

#endif  // APPCACHE_JSON_SERIALISER_H_
