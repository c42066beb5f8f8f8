// A pickle is a program for a machine with a stack of values and a memo of
// values that it may need again. This one has the instructions that make and
// combine values.

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>

#include "appcache/pickle_serialiser.h"
#include "engine/codec/pickle_lexer.h"
#include "engine/codec/pickle_limits.h"
#include "engine/codec/utf8.h"
#include "engine/support/byte_order.h"

namespace appcache::internal {
namespace {

using Kind = PickleNode::Kind;

constexpr uint64_t kLastReadProtocol = 5;

// Of these instructions a program for the machine consists.
enum Code : unsigned char {
  kMark = '(',
  kStop = '.',
  kPushNone = 'N',
  kIntLine = 'I',
  kLongLine = 'L',
  kFloatLine = 'F',
  kTextLine = 'V',
  kInt4 = 'J',
  kInt1 = 'K',
  kInt2 = 'M',
  kFloat8 = 'G',
  kText4 = 'X',
  kBytes4 = 'B',
  kBytes1 = 'C',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kEmptyDict = '}',
  kListOfMarked = 'l',
  kTupleOfMarked = 't',
  kDictOfMarked = 'd',
  kAppend = 'a',
  kAppendMarked = 'e',
  kSetItem = 's',
  kSetMarkedItems = 'u',
  kPutLine = 'p',
  kPut1 = 'q',
  kPut4 = 'r',
  kGetLine = 'g',
  kGet1 = 'h',
  kGet4 = 'j',
  kFunction = 'c',
  kCall = 'R',
  kProtocol = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kPushTrue = 0x88,
  kPushFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kText1 = 0x8c,
  kText8 = 0x8d,
  kBytes8 = 0x8e,
  kMemoize = 0x94,
  kFrame = 0x95,
};

// The only functions: both make bytes, and are not called.
constexpr std::string_view kEncodeName = "_codecs\nencode";
constexpr std::string_view kBytesNames[] = {"__builtin__\nbytes",
                                            "builtins\nbytes"};

std::optional<uint64_t> ParseIndex(std::string_view line) noexcept {
  uint64_t index = 0;
  const char* const end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, index);
  if (error != std::errc() || stop != end) return std::nullopt;
  return index;
}

}  // namespace

class PickleMachine {
 public:
  explicit PickleMachine(PickleReader& reader) : reader_(reader) {}

  // Runs the program. The value that it leaves; null if it is malformed.
  PickleNode* Run(std::string_view bytes);

 private:
  // Each returns false if the program is malformed.
  bool Execute(const PickleInstruction& instruction);
  bool ExecuteNumber(const PickleInstruction& instruction);
  bool ExecuteString(const PickleInstruction& instruction);
  bool ExecuteContainer(const PickleInstruction& instruction);
  bool ExecuteMemo(const PickleInstruction& instruction);

  PickleNode* New(Kind kind);
  bool Push(PickleNode* node);
  bool PushInt(int64_t number);
  bool PushIntLine(std::string_view line);
  bool PushLong(std::string_view little_endian);
  bool PushFloat(double number);
  bool PushText(std::string_view text);
  bool PushTextLine(std::string_view line);
  bool PushBytes(std::string_view bytes);
  bool PushFunction(std::string_view name);
  // Pops a function and its arguments, and pushes the bytes that it makes.
  bool Call();

  // How many values there are above the last mark, which is removed. None if
  // there is no mark.
  std::optional<size_t> PopMark();
  // Replaces the last `count` values by a container of them.
  bool Collect(Kind kind, size_t count);
  // Appends the last `count` values to the container below them.
  bool Extend(Kind kind, size_t count);
  bool Put(uint64_t index);
  bool Get(uint64_t index);

  // How many values are above the last mark.
  size_t available() const noexcept {
    return stack_.size() - (marks_.empty() ? 0 : marks_.back());
  }

  PickleReader& reader_;
  std::vector<PickleNode*> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::unordered_map<uint64_t, PickleNode*> memo_;
};

PickleNode* PickleMachine::Run(std::string_view bytes) {
  PickleLexer lexer(bytes);
  while (const auto instruction = lexer.Next()) {
    if (instruction->code == kStop) {
      const bool is_done =
          lexer.is_at_end() && stack_.size() == 1 && marks_.empty();
      return is_done ? stack_.front() : nullptr;
    }
    if (!Execute(*instruction)) return nullptr;
  }
  return nullptr;
}

bool PickleMachine::Execute(const PickleInstruction& instruction) {
  switch (instruction.code) {
    case kProtocol:
      return LittleEndian(instruction.argument) <= kLastReadProtocol;
    case kFrame:  // says how much to read at once
      return true;
    case kMark:
      marks_.push_back(stack_.size());
      return true;
    case kPushNone:
      return Push(New(Kind::kNone));
    case kPushTrue:
      return Push(New(Kind::kTrue));
    case kPushFalse:
      return Push(New(Kind::kFalse));
    case kFunction:
      return PushFunction(instruction.argument);
    case kCall:
      return Call();
    default:
      return ExecuteNumber(instruction) || ExecuteString(instruction) ||
             ExecuteContainer(instruction) || ExecuteMemo(instruction);
  }
}

bool PickleMachine::ExecuteNumber(const PickleInstruction& instruction) {
  const std::string_view argument = instruction.argument;
  switch (instruction.code) {
    case kInt1:
    case kInt2:
      return PushInt(static_cast<int64_t>(LittleEndian(argument)));
    case kInt4:
      return PushInt(static_cast<int32_t>(LittleEndian(argument)));
    case kLong1:
    case kLong4:
      return PushLong(argument);
    case kIntLine:
      if (argument == "01") return Push(New(Kind::kTrue));
      if (argument == "00") return Push(New(Kind::kFalse));
      return PushIntLine(argument);
    case kLongLine:
      return PushIntLine(argument.ends_with('L')
                             ? argument.substr(0, argument.size() - 1)
                             : argument);
    case kFloat8:
      return PushFloat(
          std::bit_cast<double>(LoadBigEndian<uint64_t>(argument.data())));
    case kFloatLine: {
      double number = 0;
      const char* const end = argument.data() + argument.size();
      const auto [stop, error] = std::from_chars(argument.data(), end, number);
      return error == std::errc() && stop == end && PushFloat(number);
    }
    default:
      return false;
  }
}

bool PickleMachine::ExecuteString(const PickleInstruction& instruction) {
  switch (instruction.code) {
    case kText1:
    case kText4:
    case kText8:
      return PushText(instruction.argument);
    case kTextLine:
      return PushTextLine(instruction.argument);
    case kBytes1:
    case kBytes4:
    case kBytes8:
      return PushBytes(instruction.argument);
    default:
      return false;
  }
}

bool PickleMachine::ExecuteContainer(const PickleInstruction& instruction) {
  const auto with_marked = [this](auto use) {
    const std::optional<size_t> count = PopMark();
    return count && use(*count);
  };
  switch (instruction.code) {
    case kEmptyList:
      return Collect(Kind::kList, 0);
    case kEmptyTuple:
      return Collect(Kind::kTuple, 0);
    case kEmptyDict:
      return Collect(Kind::kDict, 0);
    case kTuple1:
      return Collect(Kind::kTuple, 1);
    case kTuple2:
      return Collect(Kind::kTuple, 2);
    case kTuple3:
      return Collect(Kind::kTuple, 3);
    case kListOfMarked:
      return with_marked([&](size_t n) { return Collect(Kind::kList, n); });
    case kTupleOfMarked:
      return with_marked([&](size_t n) { return Collect(Kind::kTuple, n); });
    case kDictOfMarked:
      return with_marked([&](size_t n) { return Collect(Kind::kDict, n); });
    case kAppend:
      return Extend(Kind::kList, 1);
    case kSetItem:
      return Extend(Kind::kDict, 2);
    case kAppendMarked:
      return with_marked([&](size_t n) { return Extend(Kind::kList, n); });
    case kSetMarkedItems:
      return with_marked([&](size_t n) { return Extend(Kind::kDict, n); });
    default:
      return false;
  }
}

bool PickleMachine::ExecuteMemo(const PickleInstruction& instruction) {
  switch (instruction.code) {
    case kMemoize:
      return Put(memo_.size());
    case kPut1:
    case kPut4:
      return Put(LittleEndian(instruction.argument));
    case kGet1:
    case kGet4:
      return Get(LittleEndian(instruction.argument));
    case kPutLine:
    case kGetLine: {
      const auto index = ParseIndex(instruction.argument);
      if (!index) return false;
      return instruction.code == kPutLine ? Put(*index) : Get(*index);
    }
    default:
      return false;
  }
}

PickleNode* PickleMachine::New(Kind kind) {
  if (reader_.nodes_.size() >= kMaxPickleValues) return nullptr;
  PickleNode& node = reader_.nodes_.emplace_back();
  node.kind = kind;
  return &node;
}

bool PickleMachine::Push(PickleNode* node) {
  if (node == nullptr) return false;
  stack_.push_back(node);
  return true;
}

bool PickleMachine::PushInt(int64_t number) {
  PickleNode* const node = New(Kind::kInt);
  if (node != nullptr) node->number = number;
  return Push(node);
}

bool PickleMachine::PushIntLine(std::string_view line) {
  int64_t number = 0;
  const char* const end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, number);
  if (error == std::errc() && stop == end) return PushInt(number);
  const std::optional<uint64_t> large = ParseIndex(line);
  PickleNode* const node = large ? New(Kind::kUnsigned) : nullptr;
  if (node != nullptr) node->unsigned_number = *large;
  return Push(node);
}

bool PickleMachine::PushLong(std::string_view little_endian) {
  // Two's complement, of as many bytes as there are.
  const bool is_negative =
      !little_endian.empty() && (little_endian.back() & 0x80) != 0;
  const char fill = is_negative ? '\xff' : '\0';
  while (little_endian.size() > 8 && little_endian.back() == fill) {
    little_endian.remove_suffix(1);
  }
  if (little_endian.size() > 8) return false;
  uint64_t number = LittleEndian(little_endian);
  if (is_negative && little_endian.size() < 8) {
    number |= ~uint64_t{0} << 8 * little_endian.size();
  }
  const bool fits = is_negative == (number >> 63 != 0);
  if (fits) return PushInt(static_cast<int64_t>(number));
  PickleNode* const node = is_negative ? nullptr : New(Kind::kUnsigned);
  if (node != nullptr) node->unsigned_number = number;
  return Push(node);
}

bool PickleMachine::PushFloat(double number) {
  PickleNode* const node = New(Kind::kFloat);
  if (node != nullptr) node->real = number;
  return Push(node);
}

bool PickleMachine::PushText(std::string_view text) {
  PickleNode* const node = IsUtf8(text) ? New(Kind::kText) : nullptr;
  if (node != nullptr) node->text = text;
  return Push(node);
}

// Latin-1, in which \uXXXX and \UXXXXXXXX stand for code points.
bool PickleMachine::PushTextLine(std::string_view line) {
  std::string& text = reader_.texts_.emplace_back();
  while (!line.empty()) {
    uint32_t point = static_cast<unsigned char>(line.front());
    size_t size = 1;
    if (line.starts_with("\\u") || line.starts_with("\\U")) {
      const size_t digits = line[1] == 'u' ? 4 : 8;
      size = 2 + digits;
      if (line.size() < size) return false;
      const char* const end = line.data() + size;
      const auto [stop, error] =
          std::from_chars(line.data() + 2, end, point, 16);
      if (error != std::errc() || stop != end || point > kMaxCodePoint) {
        return false;
      }
    }
    AppendCodePoint(point, text);
    line.remove_prefix(size);
  }
  return PushText(text);
}

bool PickleMachine::PushBytes(std::string_view bytes) {
  PickleNode* const node = New(Kind::kBytes);
  if (node != nullptr) node->text = bytes;
  return Push(node);
}

bool PickleMachine::PushFunction(std::string_view name) {
  if (name == kEncodeName) return Push(New(Kind::kEncode));
  const bool makes_bytes =
      std::find(std::begin(kBytesNames), std::end(kBytesNames), name) !=
      std::end(kBytesNames);
  return makes_bytes && Push(New(Kind::kMakeBytes));
}

bool PickleMachine::Call() {
  if (available() < 2) return false;
  const PickleNode& arguments = *stack_.back();
  const PickleNode& function = *stack_[stack_.size() - 2];
  if (arguments.kind != Kind::kTuple) return false;
  stack_.resize(stack_.size() - 2);
  if (function.kind == Kind::kMakeBytes) {
    return arguments.items.empty() && PushBytes({});
  }
  if (function.kind != Kind::kEncode || arguments.items.size() != 2) {
    return false;
  }
  const PickleNode& text = *arguments.items[0];
  const PickleNode& encoding = *arguments.items[1];
  if (text.kind != Kind::kText || encoding.kind != Kind::kText ||
      encoding.text != "latin1") {
    return false;
  }
  std::string& bytes = reader_.texts_.emplace_back();
  std::string_view rest = text.text;
  while (const auto point = TakeCodePoint(rest)) {
    if (*point > 0xff) return false;
    bytes += static_cast<char>(*point);
  }
  return PushBytes(bytes);
}

std::optional<size_t> PickleMachine::PopMark() {
  if (marks_.empty()) return std::nullopt;
  const size_t count = available();
  marks_.pop_back();
  return count;
}

bool PickleMachine::Collect(Kind kind, size_t count) {
  if (count > available() || (kind == Kind::kDict && count % 2 != 0)) {
    return false;
  }
  PickleNode* const node = New(kind);
  if (node == nullptr) return false;
  node->items.assign(stack_.end() - static_cast<ptrdiff_t>(count),
                     stack_.end());
  stack_.resize(stack_.size() - count);
  return Push(node);
}

bool PickleMachine::Extend(Kind kind, size_t count) {
  if (count >= available() || (kind == Kind::kDict && count % 2 != 0)) {
    return false;
  }
  PickleNode& container = *stack_[stack_.size() - count - 1];
  if (container.kind != kind) return false;
  container.items.insert(container.items.end(),
                         stack_.end() - static_cast<ptrdiff_t>(count),
                         stack_.end());
  stack_.resize(stack_.size() - count);
  return true;
}

bool PickleMachine::Put(uint64_t index) {
  if (available() == 0) return false;
  memo_[index] = stack_.back();
  return true;
}

bool PickleMachine::Get(uint64_t index) {
  const auto found = memo_.find(index);
  return found != memo_.end() && Push(found->second);
}

PickleReader::PickleReader(std::string_view bytes) {
  PickleNode* const root = PickleMachine(*this).Run(bytes);
  if (root != nullptr && KeepsPickleLimits(*root, bytes.size())) root_ = root;
}

}  // namespace appcache::internal
