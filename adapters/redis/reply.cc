#include "adapters/redis/reply.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

namespace appcache::redis {
namespace {

using Type = Reply::Type;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kTypes = "+-:$*";
// The size of a string or an array that is nil.
constexpr int64_t kNilSize = -1;

std::optional<int64_t> ParseNumber(std::string_view digits) noexcept {
  int64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [parsed, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return number;
}

}  // namespace

ReplyReader::Result ReplyReader::Next(std::string_view& input,
                                      Reply& reply) noexcept {
  try {
    for (;;) {
      bool is_element = false;
      const Result result = in_string_ ? ContinueString(input, is_element)
                                       : NextLine(input, is_element);
      if (result != Result::kReply) return result;
      if (is_element && EndElement()) break;
    }
  } catch (const std::bad_alloc&) {
    return Result::kOutOfMemory;
  }
  reply = std::exchange(root_, Reply());
  text_bytes_ = elements_ = 0;
  return Result::kReply;
}

ReplyReader::Result ReplyReader::NextLine(std::string_view& input,
                                          bool& is_element) {
  if (input.empty()) return Result::kNeedsMore;
  // Without waiting for the end of the line, which a server that is not Redis
  // may never send.
  const char type = line_.empty() ? input.front() : line_.front();
  if (kTypes.find(type) == std::string_view::npos) return Result::kMalformed;
  const size_t end = input.find('\n');
  const bool is_complete = end != std::string_view::npos;
  const size_t size = is_complete ? end + 1 : input.size();
  if (line_.size() + size > kMaxLineBytes) return Result::kMalformed;
  std::string_view line = input.substr(0, size);
  input.remove_prefix(size);
  // A line that arrived in one piece is not copied.
  if (!line_.empty() || !is_complete) line = line_.append(line);
  if (!is_complete) return Result::kNeedsMore;
  if (!line.ends_with(kLineEnd)) return Result::kMalformed;
  line.remove_prefix(1);
  line.remove_suffix(kLineEnd.size());
  const Result result = HandleLine(type, line, is_element);
  line_.clear();
  return result;
}

ReplyReader::Result ReplyReader::HandleLine(char type, std::string_view text,
                                            bool& is_element) {
  is_element = true;
  if (type == '+') return AddText(Type::kStatus, text);
  if (type == '-') return AddText(Type::kError, text);
  const std::optional<int64_t> number = ParseNumber(text);
  if (!number) return Result::kMalformed;
  if (type == ':') {
    if (Reply* const place = Place()) {
      place->type = Type::kInteger;
      place->integer = *number;
    }
    return Result::kReply;
  }
  if (*number == kNilSize) {
    Place();
    return Result::kReply;
  }
  if (*number < 0) return Result::kMalformed;
  const auto size = static_cast<uint64_t>(*number);
  if (type == '*') return BeginArray(size, is_element);
  is_element = false;
  return BeginString(size);
}

ReplyReader::Result ReplyReader::AddText(Type type, std::string_view text) {
  Reply* const place = Place();
  if (place == nullptr) return Result::kReply;
  if (!Reserve(text.size())) return Result::kTooLarge;
  place->type = type;
  place->bytes = Bytes::Copy(text);
  return Result::kReply;
}

ReplyReader::Result ReplyReader::BeginString(uint64_t size) {
  string_ = Place();
  if (string_ != nullptr) {
    if (!Reserve(size)) return Result::kTooLarge;
    string_->type = Type::kString;
    string_->bytes = Bytes::Build(size, [this](char* data) { next_ = data; });
  }
  missing_bytes_ = size;
  missing_line_end_ = kLineEnd.size();
  in_string_ = true;
  return Result::kReply;
}

ReplyReader::Result ReplyReader::BeginArray(uint64_t count, bool& is_element) {
  Reply* const array = Place();
  if (array != nullptr) array->type = Type::kArray;
  is_element = count == 0;
  if (is_element) return Result::kReply;
  if (depth_ == kMaxDepth) return Result::kMalformed;
  // Does not reserve memory for `count` elements: it may be any number.
  open_[depth_++] = {array, count};
  return Result::kReply;
}

ReplyReader::Result ReplyReader::ContinueString(std::string_view& input,
                                                bool& is_element) {
  const auto size =
      static_cast<size_t>(std::min<uint64_t>(missing_bytes_, input.size()));
  if (size > 0) {
    if (string_ != nullptr) {
      std::memcpy(next_, input.data(), size);
      next_ += size;
    }
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
  in_string_ = false;
  is_element = true;
  return Result::kReply;
}

bool ReplyReader::Reserve(uint64_t size) noexcept {
  if (size > limits_.text_bytes - text_bytes_) return false;
  text_bytes_ += size;
  return true;
}

Reply* ReplyReader::Place() {
  if (depth_ == 0) return &root_;
  Reply* const parent = open_[depth_ - 1].array;
  if (parent == nullptr) return nullptr;
  if (elements_ == limits_.elements) {
    parent->is_truncated = true;
    return nullptr;
  }
  ++elements_;
  return &parent->elements.emplace_back();
}

bool ReplyReader::EndElement() noexcept {
  while (depth_ > 0) {
    OpenArray& parent = open_[depth_ - 1];
    assert(parent.missing > 0);
    if (--parent.missing > 0) return false;
    --depth_;  // the array is complete: an element of its own parent
  }
  return true;
}

}  // namespace appcache::redis
