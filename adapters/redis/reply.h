// Reply: a reply of a Redis server, and ReplyReader, which parses replies
// (RESP2, "Redis serialization protocol specification").

#ifndef APPCACHE_ADAPTERS_REDIS_REPLY_H_
#define APPCACHE_ADAPTERS_REDIS_REPLY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/bytes.h"

namespace appcache::redis {

struct Reply {
  enum class Type { kNil, kStatus, kError, kInteger, kString, kArray };

  Type type = Type::kNil;
  int64_t integer = 0;
  // The text of a string, a status or an error.
  Bytes bytes;
  std::vector<Reply> elements;
  // The array had more elements than the reader keeps.
  bool is_truncated = false;

  bool is_ok() const noexcept {
    return type == Type::kStatus && bytes.view() == "OK";
  }
};

// The limits of one reply.
struct ReplyLimits {
  // Of the text of all strings, statuses and errors. A larger reply is an
  // error.
  uint64_t text_bytes;
  // The number of elements, those of nested arrays included. Further elements
  // are parsed and dropped.
  size_t elements;
  // The end of the message for a larger reply: what was too large, and advice.
  std::string_view too_large =
      "a reply that is larger than max_reply_bytes; read fewer keys at once, "
      "or "
      "raise max_reply_bytes";
};

// Parses a stream of bytes. After a failure it cannot be used any more. Not
// thread-safe.
//
// Memory: what the limits permit, and one line, whatever the server sends and
// whatever sizes it announces.
class ReplyReader {
 public:
  // Longer lines are malformed. A line is an integer, a status, an error, or
  // the size of a string or an array.
  static constexpr size_t kMaxLineBytes = size_t{64} << 10;
  // Deeper arrays are malformed. Replies to this client's commands have 2.
  static constexpr size_t kMaxDepth = 8;

  enum class Result {
    kReply,
    kNeedsMore,
    kMalformed,
    kTooLarge,  // a reply with more text than the limit
    kOutOfMemory
  };

  explicit ReplyReader(const ReplyLimits& limits) noexcept : limits_(limits) {}
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // Takes the bytes of the next reply from the front of `input`. kNeedsMore:
  // has taken all of `input`, and the reply is not complete. Copies each string
  // once.
  Result Next(std::string_view& input, Reply& reply) noexcept;

  const ReplyLimits& limits() const noexcept { return limits_; }

  // True after a part of a reply.
  bool IsInReply() const noexcept {
    return depth_ > 0 || in_string_ || !line_.empty();
  }

 private:
  // An array whose elements are being read. Nothing is added next to it before
  // it is complete, so the pointer stays valid.
  struct OpenArray {
    Reply* array;  // null: it is dropped
    uint64_t missing;
  };

  // These return kReply when they have read something: a whole element if
  // `is_element` is set, otherwise the beginning of one.
  Result NextLine(std::string_view& input, bool& is_element);
  Result HandleLine(char type, std::string_view text, bool& is_element);
  Result ContinueString(std::string_view& input, bool& is_element);

  Result AddText(Reply::Type type, std::string_view text);
  Result BeginString(uint64_t size);
  Result BeginArray(uint64_t count, bool& is_element);
  // Counts `size` more bytes of text. False: they are too many.
  bool Reserve(uint64_t size) noexcept;
  // The object for the next element. Null: it is dropped.
  Reply* Place();
  // Counts an element that is complete. True: so is the reply.
  bool EndElement() noexcept;

  const ReplyLimits limits_;

  // The reply that is being read.
  Reply root_;
  uint64_t text_bytes_ = 0;
  size_t elements_ = 0;
  std::array<OpenArray, kMaxDepth> open_ = {};
  size_t depth_ = 0;  // the number of open arrays

  // A line that arrives in several pieces, as far as it has been read.
  std::string line_;

  // The string that is being read.
  bool in_string_ = false;
  Reply* string_ = nullptr;  // null: it is dropped
  // Where its next byte goes. Nobody else has seen the buffer yet.
  char* next_ = nullptr;
  uint64_t missing_bytes_ = 0;   // of the string
  size_t missing_line_end_ = 0;  // of the CR LF after it
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_REPLY_H_
