// JSON, CBOR and MessagePack for any type with nlohmann to_json / from_json.
//
// The JSON class is a template parameter, so this header includes none: include
// yours first, and name it in the key.
//
//   #include <nlohmann/json.hpp>
//   using serialiser = appcache::JsonSerialiser<User, nlohmann::json>;
//   using serialiser = appcache::CborSerialiser<User, nlohmann::json>;

#ifndef APPCACHE_ENGINE_JSON_SERIALISER_H_
#define APPCACHE_ENGINE_JSON_SERIALISER_H_

#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "engine/bytes.h"

namespace appcache {

namespace internal {

// `parsed` as a V. Malformed input is a discarded value, and a well-formed one
// of another shape makes from_json throw: neither is a V.
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

// Compact UTF-8 text, as Python's json.loads reads it.
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

// RFC 8949.
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

// msgpack.org.
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

#endif  // APPCACHE_ENGINE_JSON_SERIALISER_H_
