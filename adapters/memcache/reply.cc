#include "adapters/memcache/reply.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <new>
#include <optional>

namespace appcache::memcache {
namespace {

using Type = Reply::Type;

constexpr std::string_view kLineEnd = "\r\n";

// A reply of one line that starts with `word`.
struct Line {
  std::string_view word;
  Type type;
  bool has_text;  // after the word and a blank
};

constexpr Line kLines[] = {
    {"END", Type::kEnd, false},         {"STORED", Type::kStored, false},
    {"DELETED", Type::kDeleted, false}, {"NOT_FOUND", Type::kNotFound, false},
    {"OK", Type::kOk, false},           {"EN", Type::kMetaMiss, true},
    {"VERSION", Type::kVersion, true},  {"HD", Type::kMeta, true},
    {"MN", Type::kMetaNoOp, false},     {"NF", Type::kMetaNotFound, true},
    {"NS", Type::kMetaNotStored, true}, {"NOT_STORED", Type::kNotStored, false},
    {"TOUCHED", Type::kTouched, false},
};

constexpr std::string_view kErrors[] = {"ERROR", "CLIENT_ERROR",
                                        "SERVER_ERROR"};

// Takes the first word and the blank after it from the front of `rest`.
std::string_view TakeWord(std::string_view& rest) noexcept {
  const size_t end = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

std::optional<uint64_t> ParseNumber(std::string_view digits) noexcept {
  uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

std::optional<Reply> ParseLine(std::string_view line) noexcept {
  std::string_view rest = line;
  const std::string_view word = TakeWord(rest);
  for (const std::string_view error : kErrors) {
    if (word == error) return Reply{Type::kError, line, Bytes()};
  }
  for (const Line& known : kLines) {
    if (word == known.word && (known.has_text || line == word)) {
      return Reply{known.type, rest, Bytes()};
    }
  }
  return std::nullopt;
}

}  // namespace

ReplyReader::Result ReplyReader::Next(std::string_view& input,
                                      Reply& reply) noexcept {
  try {
    return in_value_ ? ContinueValue(input, reply) : NextLine(input, reply);
  } catch (const std::bad_alloc&) {
    return Result::kOutOfMemory;
  }
}

ReplyReader::Result ReplyReader::NextLine(std::string_view& input,
                                          Reply& reply) {
  if (line_is_complete_) line_.clear();
  const size_t end = input.find('\n');
  line_is_complete_ = end != std::string_view::npos;
  const size_t size = line_is_complete_ ? end + 1 : input.size();
  if (line_.size() + size > kMaxLineBytes) return Result::kMalformed;
  std::string_view line = input.substr(0, size);
  input.remove_prefix(size);
  // A line that arrived in one piece is not copied.
  if (!line_.empty() || !line_is_complete_) line = line_.append(line);
  if (!line_is_complete_) return Result::kNeedsMore;
  if (!line.ends_with(kLineEnd)) return Result::kMalformed;
  line.remove_suffix(kLineEnd.size());
  const bool is_meta = line.starts_with("VA ");
  if (is_meta || line.starts_with("VALUE ")) {
    const Result begun = is_meta ? BeginMetaValue(line) : BeginValue(line);
    return begun == Result::kReply ? ContinueValue(input, reply) : begun;
  }
  const std::optional<Reply> parsed = ParseLine(line);
  if (!parsed) return Result::kMalformed;
  reply = *parsed;
  return Result::kReply;
}

// "VALUE <key> <flags> <bytes>".
ReplyReader::Result ReplyReader::BeginValue(std::string_view line) {
  TakeWord(line);
  const std::string_view key = TakeWord(line);
  const std::optional<uint64_t> flags = ParseNumber(TakeWord(line));
  constexpr uint64_t kMaxFlags = std::numeric_limits<uint32_t>::max();
  if (key.empty() || !flags || *flags > kMaxFlags) return Result::kMalformed;
  type_ = Type::kValue;
  text_ = key;
  flags_ = static_cast<uint32_t>(*flags);
  return BeginBytes(line);
}

// "VA <bytes> <flags>". There may be no flags.
ReplyReader::Result ReplyReader::BeginMetaValue(std::string_view line) {
  TakeWord(line);
  const std::string_view size = TakeWord(line);
  type_ = Type::kMetaValue;
  text_ = line;
  flags_ = 0;  // they are in the text
  return BeginBytes(size);
}

ReplyReader::Result ReplyReader::BeginBytes(std::string_view digits) {
  const std::optional<uint64_t> size = ParseNumber(digits);
  if (!size) return Result::kMalformed;
  if (*size > max_value_bytes_) return Result::kTooLarge;
  next_ = nullptr;
  value_ = Bytes::Build(*size, [this](char* data) { next_ = data; });
  missing_bytes_ = *size;
  missing_line_end_ = kLineEnd.size();
  in_value_ = true;
  return Result::kReply;
}

ReplyReader::Result ReplyReader::ContinueValue(std::string_view& input,
                                               Reply& reply) {
  const size_t size = std::min(missing_bytes_, input.size());
  if (size > 0) {
    std::memcpy(next_, input.data(), size);
    next_ += size;
    missing_bytes_ -= size;
    input.remove_prefix(size);
  }
  while (missing_bytes_ == 0 && missing_line_end_ > 0 && !input.empty()) {
    if (input.front() != kLineEnd[kLineEnd.size() - missing_line_end_]) {
      return Result::kMalformed;
    }
    --missing_line_end_;
    input.remove_prefix(1);
  }
  if (missing_bytes_ > 0 || missing_line_end_ > 0) return Result::kNeedsMore;
  in_value_ = false;
  reply = Reply{type_, text_, std::move(value_), flags_};
  value_ = Bytes();
  return Result::kReply;
}

}  // namespace appcache::memcache
