#include "tests/interop/cells.h"

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "appcache/json_serialiser.h"
#include "appcache/pickle_serialiser.h"

namespace appcache {
namespace {

using std::string_literals::operator""s;

using Json = nlohmann::json;
using AsJson = JsonSerialiser<Json, Json>;

template <class V>
ValueKind Pickled(std::string name, std::string literal, V value,
                  std::string serialiser = "pickle",
                  bool is_compressed = false) {
  return MakeValueKind<V, PickleSerialiser<V>>(
      std::move(name), std::move(serialiser), std::move(literal),
      std::move(value), is_compressed);
}

template <class V>
ValueKind Plain(std::string name, std::string serialiser, std::string literal,
                V value, bool is_compressed = false) {
  return MakeValueKind<V, Serialiser<V>>(std::move(name), std::move(serialiser),
                                         std::move(literal), std::move(value),
                                         is_compressed);
}

std::string AllBytes() {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  return all;
}

// In Python: b'\x00\x01...'.
std::string LiteralOfBytes(const std::string& bytes) {
  std::string literal = "b'";
  for (const unsigned char byte : bytes) {
    literal += "\\x";
    literal += "0123456789abcdef"[byte >> 4];
    literal += "0123456789abcdef"[byte & 15];
  }
  return literal + "'";
}

// A path of so many bytes, with the prefix, whose second segment is `start`.
Segments OfPathBytes(size_t bytes, const std::string& start) {
  const size_t prefix = std::string("pyappcache/").size();
  return {start + std::string(bytes - prefix - start.size(), 'x')};
}

}  // namespace

std::vector<ValueKind> AllValueKinds() {
  const std::string page(10'000, 'p');
  const std::string page_literal = "'" + page + "'";
  const Json point = {{"x", 3}, {"y", {1.5, nullptr, "Gr\u00fc\u00dfe"}}};
  const std::string point_literal =
      "{'x': 3, 'y': [1.5, None, 'Gr\u00fc\u00dfe']}";
  const std::map<std::string, std::vector<int>> dict = {{"a", {1, 2}},
                                                        {"b", {}}};
  return {
      Plain<std::string>("Text", "text", "'Gr\u00fc\u00dfe'",
                         "Gr\u00fc\u00dfe"),
      Plain<std::string>("CompressedText", "text", page_literal, page, true),
      Plain<std::string>("Bytes", "bytes", LiteralOfBytes(AllBytes()),
                         AllBytes()),
      Plain<int>("Number", "text", "'-42'", -42),
      MakeValueKind<Json, AsJson>("Json", "json", point_literal, point),
      MakeValueKind<Json, AsJson>("JsonText", "json text", point_literal,
                                  point),
      MakeValueKind<Json, AsJson>("CompressedJson", "json", point_literal,
                                  point, true),
      Pickled<std::string>("PickledText", "'Gr\u00fc\u00dfe'",
                           "Gr\u00fc\u00dfe"),
      Pickled<std::string>("CompressedPickle", page_literal, page, "pickle",
                           true),
      Pickled<int64_t>("PickledInt", "-5000000000", -5'000'000'000),
      Pickled<bool>("PickledBool", "True", true),
      Pickled<double>("PickledFloat", "0.1", 0.1),
      Pickled<std::tuple<int, std::string>>("PickledTuple", "(7, 'seven')",
                                            {7, "seven"}),
      Pickled<std::map<std::string, std::vector<int>>>(
          "PickledDict", "{'a': [1, 2], 'b': []}", dict),
      Pickled<std::map<std::string, std::vector<int>>>(
          "OldPickle", "{'a': [1, 2], 'b': []}", dict, "old pickle"),
  };
}

std::vector<KeyKind> AllKeyKinds() {
  return {
      {"Plain", {"user", "7"}},
      {"Blank", {"the user", "a b "}},
      {"Unicode", {"gr\u00fc\u00dfe", "\u65e5\u672c"}},
      {"UnicodeWithBlank", {"gr\u00fc\u00dfe an \u65e5\u672c"}},
      {"Controls", {"tab\there\x01", "two\r\nlines", "nul\0 \x7f"s}},
      {"Of250Bytes", OfPathBytes(250, "")},
      {"Of186BytesWithBlank", OfPathBytes(186, "a ")},
      {"Of187BytesWithBlank", OfPathBytes(187, "a "), false},
      {"Of251Bytes", OfPathBytes(251, ""), false},
      {"Of1000Bytes", OfPathBytes(1000, ""), false},
  };
}

}  // namespace appcache
