// A serialiser for Python's pickle format, which pyappcache uses unless it was
// given another. With it, programs in C++ and Python share entries:
//
//   struct UserKey {
//     using value_type = std::map<std::string, std::vector<int>>;
//     using serialiser = appcache::PickleSerialiser<value_type>;
//     int id;
//     void AppendTo(appcache::KeyPath& path) const { path.Segment(id); }
//   };
//
// Values and their types:
//
// - None: std::nullopt of a std::optional<T>; std::monostate.
// - bool: bool.
// - int: integers. A number that the type does not hold is kCorrupt.
// - float: float and double. An int is read as one too.
// - str: std::string, in UTF-8.
// - bytes: Bytes.
// - list: std::vector<T>. A tuple is read as one too.
// - tuple: std::pair, std::tuple.
// - dict: std::map, std::unordered_map. Of equal keys the last counts.
// - Any of these: PickleValue, whose ints are those of 64 bits.
//
// Other types are read and written if PickleFormat is specialised for them.
//
// Safety. Reading a pickle runs no code of it: there is a closed set of
// instructions, all of which make or combine the values above. A pickle that
// has any other, such as GLOBAL, REDUCE, BUILD or EXT1, is kCorrupt. (Protocols
// 0 to 2 have no instruction for bytes; Python writes a call of _codecs.encode
// or of bytes. Those two calls are recognised as a whole, and not made.) So
// are values that are nested deeper than kMaxPickleDepth, that contain
// themselves, or are more than kMaxPickleValues, and strings that have
// kMaxSharedPickleBytes more bytes than the pickle, in which one string can
// stand for many.
//
// Protocols 0 to 5 are read. Protocol 4 is written, which Python reads from
// version 3.4 on.

#ifndef APPCACHE_PICKLE_SERIALISER_H_
#define APPCACHE_PICKLE_SERIALISER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "appcache/bytes.h"
#include "appcache/export.h"
#include "appcache/resolved_path.h"
#include "appcache/serialiser.h"

namespace appcache {

// A list in a list is nested two levels deep.
inline constexpr int kMaxPickleDepth = 100;
// A value that is referred to twice counts twice. Reading takes at most about
// 100 bytes of memory for each, besides those of strings.
inline constexpr size_t kMaxPickleValues = size_t{4} << 20;
inline constexpr size_t kMaxSharedPickleBytes = size_t{16} << 20;

// A value of any type that is read. Compares as C++ does: PickleValue(1) and
// PickleValue(1.0) differ.
struct PickleValue {
  using List = std::vector<PickleValue>;
  struct Tuple {
    std::vector<PickleValue> items;
    friend bool operator==(const Tuple&, const Tuple&) = default;
  };
  // In the order in which they were inserted.
  using Dict = std::vector<std::pair<PickleValue, PickleValue>>;

  // A uint64_t is an int that an int64_t does not hold. The first is None.
  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string,
               Bytes, List, Tuple, Dict>
      value;

  friend bool operator==(const PickleValue& a, const PickleValue& b);
};
APPCACHE_EXPORT bool operator==(const PickleValue& a, const PickleValue& b);

namespace internal {

// With libstdc++ 12, clang 14 takes the pair of a Dict for incomplete if a
// comparison of values is the first use of PickleValue. This one comes before.
inline void UsePickleValue() { const PickleValue none; }

// A value of a pickle that was read.
struct PickleNode {
  enum class Kind : uint8_t {
    kNone,
    kFalse,
    kTrue,
    kInt,
    kUnsigned,  // an int that an int64_t does not hold
    kFloat,
    kText,
    kBytes,
    kList,
    kTuple,
    kDict,
    // Not values, but functions that make bytes.
    kEncode,
    kMakeBytes,
  };

  Kind kind = Kind::kNone;
  union {
    int64_t number = 0;
    uint64_t unsigned_number;
    double real;
  };
  std::string_view text;
  // Of a dict: keys and values in turn.
  std::vector<PickleNode*> items;
};

// Reads a pickle. Its nodes have views into `bytes`, which must outlive it.
class APPCACHE_EXPORT PickleReader {
 public:
  explicit PickleReader(std::string_view bytes);
  // Null if the pickle is malformed, or not one of those that are read.
  const PickleNode* root() const noexcept { return root_; }

 private:
  friend class PickleMachine;

  std::deque<PickleNode> nodes_;
  std::deque<std::string> texts_;  // that had escapes
  const PickleNode* root_ = nullptr;
};

// Appends a pickle to a string.
class APPCACHE_EXPORT PickleWriter {
 public:
  explicit PickleWriter(std::string& out);

  void None() { out_ += 'N'; }
  void Bool(bool value) { out_ += value ? '\x88' : '\x89'; }
  void Int(int64_t value);
  void Unsigned(uint64_t value);
  void Float(double value);
  // Throws std::invalid_argument if the text is not UTF-8.
  void Text(std::string_view text);
  void Bytes(std::string_view bytes);
  // Each throws std::length_error if it is too deep. Begin ... End enclose the
  // items; those of a dict are keys and values in turn.
  void BeginList();
  void EndList();
  void BeginTuple();
  void EndTuple();
  void BeginDict();
  void EndDict();

  void Stop() { out_ += '.'; }

 private:
  void Enter();
  void AppendSized(char with_1_byte, char with_4, char with_8,
                   std::string_view bytes);

  std::string& out_;
  int depth_ = 0;
};

}  // namespace internal

// How a type is read and written: Write appends one value. Read stores the
// value of a node, or returns false if it is not a V.
template <class V>
struct PickleFormat {
  static_assert(sizeof(V) == 0,
                "no pickle of this type: use one of those in "
                "pickle_serialiser.h, or specialise appcache::PickleFormat<V>");
};

template <class V>
struct PickleSerialiser {
  // Throws std::invalid_argument if a string is not UTF-8, std::length_error if
  // the value is nested deeper than kMaxPickleDepth, and std::bad_alloc.
  static std::string Serialise(const V& value) {
    std::string bytes;
    internal::PickleWriter writer(bytes);
    PickleFormat<V>::Write(value, writer);
    writer.Stop();
    return bytes;
  }
  static std::optional<V> Deserialise(const Bytes& bytes) {
    const internal::PickleReader reader(bytes.view());
    V value{};
    if (reader.root() == nullptr ||
        !PickleFormat<V>::Read(*reader.root(), value)) {
      return std::nullopt;
    }
    return value;
  }
};

// --- The formats of the table above.

namespace internal {

inline bool IsSequence(const PickleNode& node) noexcept {
  return node.kind == PickleNode::Kind::kList ||
         node.kind == PickleNode::Kind::kTuple;
}

// Of the types of a std::pair or a std::tuple.
template <class Tuple, size_t... kIndexes>
bool ReadPickledTuple(const PickleNode& node, Tuple& tuple,
                      std::index_sequence<kIndexes...>) {
  return node.kind == PickleNode::Kind::kTuple &&
         node.items.size() == sizeof...(kIndexes) &&
         (PickleFormat<std::tuple_element_t<kIndexes, Tuple>>::Read(
              *node.items[kIndexes], std::get<kIndexes>(tuple)) &&
          ...);
}

template <class Tuple, size_t... kIndexes>
void WritePickledTuple(const Tuple& tuple, PickleWriter& writer,
                       std::index_sequence<kIndexes...>) {
  writer.BeginTuple();
  (PickleFormat<std::tuple_element_t<kIndexes, Tuple>>::Write(
       std::get<kIndexes>(tuple), writer),
   ...);
  writer.EndTuple();
}

template <class Map>
struct PickledMap {
  static void Write(const Map& map, PickleWriter& writer) {
    writer.BeginDict();
    for (const auto& [key, value] : map) {
      PickleFormat<typename Map::key_type>::Write(key, writer);
      PickleFormat<typename Map::mapped_type>::Write(value, writer);
    }
    writer.EndDict();
  }
  static bool Read(const PickleNode& node, Map& map) {
    if (node.kind != PickleNode::Kind::kDict) return false;
    for (size_t i = 0; i < node.items.size(); i += 2) {
      typename Map::key_type key{};
      typename Map::mapped_type value{};
      if (!PickleFormat<typename Map::key_type>::Read(*node.items[i], key) ||
          !PickleFormat<typename Map::mapped_type>::Read(*node.items[i + 1],
                                                         value)) {
        return false;
      }
      map.insert_or_assign(std::move(key), std::move(value));
    }
    return true;
  }
};

template <class Tuple, size_t kSize>
struct PickledTuple {
  static void Write(const Tuple& tuple, PickleWriter& writer) {
    WritePickledTuple(tuple, writer, std::make_index_sequence<kSize>());
  }
  static bool Read(const PickleNode& node, Tuple& tuple) {
    return ReadPickledTuple(node, tuple, std::make_index_sequence<kSize>());
  }
};

}  // namespace internal

template <>
struct PickleFormat<std::monostate> {
  static void Write(std::monostate, internal::PickleWriter& writer) {
    writer.None();
  }
  static bool Read(const internal::PickleNode& node, std::monostate&) {
    return node.kind == internal::PickleNode::Kind::kNone;
  }
};

template <>
struct PickleFormat<bool> {
  static void Write(bool value, internal::PickleWriter& writer) {
    writer.Bool(value);
  }
  static bool Read(const internal::PickleNode& node, bool& value) {
    value = node.kind == internal::PickleNode::Kind::kTrue;
    return value || node.kind == internal::PickleNode::Kind::kFalse;
  }
};

template <Number V>
  requires std::integral<V>
struct PickleFormat<V> {
  static void Write(V value, internal::PickleWriter& writer) {
    if constexpr (std::is_signed_v<V>) {
      writer.Int(value);
    } else {
      writer.Unsigned(value);
    }
  }
  static bool Read(const internal::PickleNode& node, V& value) {
    using Kind = internal::PickleNode::Kind;
    if (node.kind == Kind::kInt && std::in_range<V>(node.number)) {
      value = static_cast<V>(node.number);
    } else if (node.kind == Kind::kUnsigned &&
               std::in_range<V>(node.unsigned_number)) {
      value = static_cast<V>(node.unsigned_number);
    } else {
      return false;
    }
    return true;
  }
};

template <Number V>
  requires std::floating_point<V>
struct PickleFormat<V> {
  static void Write(V value, internal::PickleWriter& writer) {
    writer.Float(static_cast<double>(value));
  }
  static bool Read(const internal::PickleNode& node, V& value) {
    using Kind = internal::PickleNode::Kind;
    if (node.kind == Kind::kFloat) {
      value = static_cast<V>(node.real);
    } else if (node.kind == Kind::kInt) {
      value = static_cast<V>(node.number);
    } else if (node.kind == Kind::kUnsigned) {
      value = static_cast<V>(node.unsigned_number);
    } else {
      return false;
    }
    return true;
  }
};

template <>
struct PickleFormat<std::string> {
  static void Write(std::string_view value, internal::PickleWriter& writer) {
    writer.Text(value);
  }
  static bool Read(const internal::PickleNode& node, std::string& value) {
    if (node.kind != internal::PickleNode::Kind::kText) return false;
    value.assign(node.text);
    return true;
  }
};

template <>
struct PickleFormat<Bytes> {
  static void Write(const Bytes& value, internal::PickleWriter& writer) {
    writer.Bytes(value.view());
  }
  static bool Read(const internal::PickleNode& node, Bytes& value) {
    if (node.kind != internal::PickleNode::Kind::kBytes) return false;
    value = Bytes::Copy(node.text);
    return true;
  }
};

template <class V>
struct PickleFormat<std::optional<V>> {
  static void Write(const std::optional<V>& value,
                    internal::PickleWriter& writer) {
    if (value) {
      PickleFormat<V>::Write(*value, writer);
    } else {
      writer.None();
    }
  }
  static bool Read(const internal::PickleNode& node, std::optional<V>& value) {
    if (node.kind == internal::PickleNode::Kind::kNone) {
      value.reset();
      return true;
    }
    return PickleFormat<V>::Read(node, value.emplace());
  }
};

template <class V, class Allocator>
struct PickleFormat<std::vector<V, Allocator>> {
  static void Write(const std::vector<V, Allocator>& values,
                    internal::PickleWriter& writer) {
    writer.BeginList();
    for (const auto& value : values) {
      PickleFormat<V>::Write(static_cast<const V&>(value), writer);
    }
    writer.EndList();
  }
  static bool Read(const internal::PickleNode& node,
                   std::vector<V, Allocator>& values) {
    if (!internal::IsSequence(node)) return false;
    values.clear();
    values.reserve(node.items.size());
    for (const internal::PickleNode* const item : node.items) {
      V value{};
      if (!PickleFormat<V>::Read(*item, value)) return false;
      values.push_back(std::move(value));
    }
    return true;
  }
};

template <class A, class B>
struct PickleFormat<std::pair<A, B>>
    : internal::PickledTuple<std::pair<A, B>, 2> {};

template <class... V>
struct PickleFormat<std::tuple<V...>>
    : internal::PickledTuple<std::tuple<V...>, sizeof...(V)> {};

template <class K, class V, class... Rest>
struct PickleFormat<std::map<K, V, Rest...>>
    : internal::PickledMap<std::map<K, V, Rest...>> {};

template <class K, class V, class... Rest>
struct PickleFormat<std::unordered_map<K, V, Rest...>>
    : internal::PickledMap<std::unordered_map<K, V, Rest...>> {};

template <>
struct APPCACHE_EXPORT PickleFormat<PickleValue> {
  static void Write(const PickleValue& value, internal::PickleWriter& writer);
  static bool Read(const internal::PickleNode& node, PickleValue& value);
};

// Text, a number, bool or None can be a namespace.
template <>
struct internal::SegmentText<std::monostate> {
  static std::optional<std::string> Of(std::monostate) { return "None"; }
};
template <>
struct APPCACHE_EXPORT internal::SegmentText<PickleValue> {
  static std::optional<std::string> Of(const PickleValue& value);
};

}  // namespace appcache

#endif  // APPCACHE_PICKLE_SERIALISER_H_
