#include "engine/codec/pickle_lexer.h"

#include <array>
#include <cassert>
#include <cstddef>

#include "appcache/serialiser.h"

namespace appcache::internal {
namespace {

// What follows the code of an instruction.
enum class Argument : uint8_t {
  kUnknown,  // there is no such instruction
  kNone,
  kBytes1,
  kBytes2,
  kBytes4,
  kBytes8,
  kLine,
  kTwoLines,
  kSized1,  // the size in one byte, and that many bytes
  kSized4,
  kSized8,
};

constexpr std::array<Argument, 256> MakeArguments() {
  std::array<Argument, 256> arguments{};
  const auto set = [&](std::string_view codes, Argument argument) {
    for (const char code : codes) {
      arguments[static_cast<unsigned char>(code)] = argument;
    }
  };
  set("(.012NQR]abde)lostu}\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94\x97"
      "\x98",
      Argument::kNone);
  set("Khq\x80\x82", Argument::kBytes1);
  set("M\x83", Argument::kBytes2);
  set("Jjr\x84", Argument::kBytes4);
  set("G\x95", Argument::kBytes8);
  set("FILPSVgp", Argument::kLine);
  set("ci", Argument::kTwoLines);
  set("UC\x8a\x8c", Argument::kSized1);
  set("TXB\x8b", Argument::kSized4);
  set("\x8d\x8e\x96", Argument::kSized8);
  return arguments;
}

constexpr std::array<Argument, 256> kArguments = MakeArguments();

constexpr char kFirstProtocolWithMark = 2;
constexpr char kLastProtocol = 5;

}  // namespace

uint64_t LittleEndian(std::string_view bytes) noexcept {
  assert(bytes.size() <= sizeof(uint64_t));
  uint64_t number = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    number = number << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

std::optional<std::string_view> PickleLexer::Take(uint64_t size) noexcept {
  if (size > rest_.size()) return std::nullopt;
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::optional<std::string_view> PickleLexer::TakeSized(
    size_t size_bytes) noexcept {
  const auto size = Take(size_bytes);
  return size ? Take(LittleEndian(*size)) : std::nullopt;
}

std::optional<std::string_view> PickleLexer::TakeLine() noexcept {
  const size_t end = rest_.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return line;
}

std::optional<std::string_view> PickleLexer::TakeTwoLines() noexcept {
  const auto first = TakeLine();
  const auto second = first ? TakeLine() : std::nullopt;
  if (!second) return std::nullopt;
  return std::string_view(first->data(), first->size() + 1 + second->size());
}

std::optional<PickleInstruction> PickleLexer::Next() noexcept {
  const auto code = Take(1);
  if (!code) return std::nullopt;
  PickleInstruction next{static_cast<unsigned char>(code->front()), {}};
  std::optional<std::string_view> argument;
  switch (kArguments[next.code]) {
    case Argument::kUnknown:
      break;
    case Argument::kNone:
      argument = std::string_view();
      break;
    case Argument::kBytes1:
      argument = Take(1);
      break;
    case Argument::kBytes2:
      argument = Take(2);
      break;
    case Argument::kBytes4:
      argument = Take(4);
      break;
    case Argument::kBytes8:
      argument = Take(8);
      break;
    case Argument::kLine:
      argument = TakeLine();
      break;
    case Argument::kTwoLines:
      argument = TakeTwoLines();
      break;
    case Argument::kSized1:
      argument = TakeSized(1);
      break;
    case Argument::kSized4:
      argument = TakeSized(4);
      break;
    case Argument::kSized8:
      argument = TakeSized(8);
      break;
  }
  if (!argument) return std::nullopt;
  next.argument = *argument;
  return next;
}

// From protocol 2 on, a pickle begins with its protocol.
bool IsWholePickle(std::string_view bytes) noexcept {
  if (bytes.size() < 3 || bytes[1] < kFirstProtocolWithMark ||
      bytes[1] > kLastProtocol || bytes.back() != '.') {
    return false;
  }
  PickleLexer lexer(bytes);
  while (const auto instruction = lexer.Next()) {
    if (instruction->code == '.') return lexer.is_at_end();
  }
  return false;
}

}  // namespace appcache::internal
