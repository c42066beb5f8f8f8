#include <bit>
#include <cassert>
#include <limits>
#include <stdexcept>

#include "appcache/pickle_serialiser.h"
#include "engine/codec/utf8.h"
#include "engine/support/byte_order.h"

namespace appcache {
namespace internal {
namespace {

template <class T>
void Append(std::string& out, T number) {
  char bytes[sizeof(T)];
  StoreLittleEndian<T>(number, bytes);
  out.append(bytes, sizeof(T));
}

}  // namespace

PickleWriter::PickleWriter(std::string& out) : out_(out) {
  constexpr char kProtocol[] = {'\x80', 4};
  out_.append(kProtocol, sizeof(kProtocol));
}

void PickleWriter::Int(int64_t value) {
  if (value >= 0 && value <= 0xff) {
    out_ += 'K';
    Append(out_, static_cast<uint8_t>(value));
  } else if (value >= std::numeric_limits<int32_t>::min() &&
             value <= std::numeric_limits<int32_t>::max()) {
    out_ += 'J';
    Append(out_, static_cast<int32_t>(value));
  } else {
    out_ += "\x8a\x08";
    Append(out_, value);
  }
}

void PickleWriter::Unsigned(uint64_t value) {
  if (value <= uint64_t{std::numeric_limits<int64_t>::max()}) {
    Int(static_cast<int64_t>(value));
    return;
  }
  // Nine bytes: the last has the sign.
  out_ += "\x8a\x09";
  Append(out_, value);
  out_ += '\0';
}

void PickleWriter::Float(double value) {
  out_ += 'G';
  char bytes[sizeof(uint64_t)];
  StoreBigEndian<uint64_t>(std::bit_cast<uint64_t>(value), bytes);
  out_.append(bytes, sizeof(bytes));
}

void PickleWriter::AppendSized(char with_1_byte, char with_4, char with_8,
                               std::string_view bytes) {
  if (bytes.size() <= 0xff) {
    out_ += with_1_byte;
    Append(out_, static_cast<uint8_t>(bytes.size()));
  } else if (bytes.size() <= 0xffff'ffff) {
    out_ += with_4;
    Append(out_, static_cast<uint32_t>(bytes.size()));
  } else {
    out_ += with_8;
    Append(out_, static_cast<uint64_t>(bytes.size()));
  }
  out_ += bytes;
}

void PickleWriter::Text(std::string_view text) {
  if (!IsUtf8(text)) {
    throw std::invalid_argument(
        "a string that is not UTF-8 has no pickle; use Bytes");
  }
  AppendSized('\x8c', 'X', '\x8d', text);
}

void PickleWriter::Bytes(std::string_view bytes) {
  AppendSized('C', 'B', '\x8e', bytes);
}

void PickleWriter::Enter() {
  if (++depth_ > kMaxPickleDepth) {
    throw std::length_error("a value is nested too deep for a pickle");
  }
}

void PickleWriter::BeginList() {
  Enter();
  out_ += "](";
}

void PickleWriter::EndList() {
  assert(depth_ > 0);
  --depth_;
  out_ += 'e';
}

void PickleWriter::BeginTuple() {
  Enter();
  out_ += '(';
}

void PickleWriter::EndTuple() {
  assert(depth_ > 0);
  --depth_;
  out_ += 't';
}

void PickleWriter::BeginDict() {
  Enter();
  out_ += "}(";
}

void PickleWriter::EndDict() {
  assert(depth_ > 0);
  --depth_;
  out_ += 'u';
}

}  // namespace internal

bool operator==(const PickleValue& a, const PickleValue& b) {
  return a.value == b.value;
}

namespace {

// Writes the alternatives of a PickleValue.
struct WriteValue {
  void operator()(const PickleValue::List& list) const {
    PickleFormat<PickleValue::List>::Write(list, writer);
  }
  void operator()(const PickleValue::Tuple& tuple) const {
    writer.BeginTuple();
    for (const PickleValue& item : tuple.items) {
      PickleFormat<PickleValue>::Write(item, writer);
    }
    writer.EndTuple();
  }
  void operator()(const PickleValue::Dict& dict) const {
    writer.BeginDict();
    for (const auto& [key, value] : dict) {
      PickleFormat<PickleValue>::Write(key, writer);
      PickleFormat<PickleValue>::Write(value, writer);
    }
    writer.EndDict();
  }
  template <class V>
  void operator()(const V& value) const {
    PickleFormat<V>::Write(value, writer);
  }

  internal::PickleWriter& writer;
};

bool ReadAll(const std::vector<internal::PickleNode*>& nodes,
             std::vector<PickleValue>& values) {
  values.resize(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!PickleFormat<PickleValue>::Read(*nodes[i], values[i])) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> internal::SegmentText<PickleValue>::Of(
    const PickleValue& value) {
  return std::visit(
      []<class V>(const V& held) -> std::optional<std::string> {
        if constexpr (HasSegmentText<V>) {
          return SegmentText<V>::Of(held);
        } else {
          return std::nullopt;
        }
      },
      value.value);
}

void PickleFormat<PickleValue>::Write(const PickleValue& value,
                                      internal::PickleWriter& writer) {
  std::visit(WriteValue{writer}, value.value);
}

bool PickleFormat<PickleValue>::Read(const internal::PickleNode& node,
                                     PickleValue& value) {
  using Kind = internal::PickleNode::Kind;
  auto& out = value.value;
  switch (node.kind) {
    case Kind::kNone:
      out.emplace<std::monostate>();
      return true;
    case Kind::kFalse:
    case Kind::kTrue:
      out = node.kind == Kind::kTrue;
      return true;
    case Kind::kInt:
      out = node.number;
      return true;
    case Kind::kUnsigned:
      out = node.unsigned_number;
      return true;
    case Kind::kFloat:
      out = node.real;
      return true;
    case Kind::kText:
      out.emplace<std::string>(node.text);
      return true;
    case Kind::kBytes:
      out = Bytes::Copy(node.text);
      return true;
    case Kind::kList:
      return ReadAll(node.items, out.emplace<PickleValue::List>());
    case Kind::kTuple:
      return ReadAll(node.items, out.emplace<PickleValue::Tuple>().items);
    case Kind::kDict: {
      auto& dict = out.emplace<PickleValue::Dict>(node.items.size() / 2);
      for (size_t i = 0; i < dict.size(); ++i) {
        if (!Read(*node.items[2 * i], dict[i].first) ||
            !Read(*node.items[2 * i + 1], dict[i].second)) {
          return false;
        }
      }
      return true;
    }
    case Kind::kEncode:
    case Kind::kMakeBytes:
      return false;
  }
  return false;
}

}  // namespace appcache
