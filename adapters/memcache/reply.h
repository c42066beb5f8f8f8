// Reply: a reply of a Memcached server. ReplyReader: parses replies of the text
// protocol (protocol.txt).

#ifndef APPCACHE_ADAPTERS_MEMCACHE_REPLY_H_
#define APPCACHE_ADAPTERS_MEMCACHE_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "appcache/bytes.h"

namespace appcache::memcache {

struct Reply {
  enum class Type {
    kValue,          // one entry of a get: text is its key, bytes its value
    kEnd,            // the end of a get
    kStored,         // to a set or an add
    kNotStored,      // to an add
    kDeleted,        // to a delete
    kNotFound,       // to a delete or a touch
    kTouched,        // to a touch
    kOk,             // to flush_all
    kVersion,        // to version: text is the version
    kMeta,           // to an mg without flag v, or done: text is the flags
    kMetaValue,      // to an mg with flag v: text is the flags, bytes the value
    kMetaMiss,       // to an mg: text is the flags, if any, as in those below
    kMetaNotStored,  // to an ms that adds
    kMetaNotFound,   // to an md
    kMetaNoOp,       // to an mn
    kError,          // to any command: text is the line
  };

  Type type = Type::kError;
  // Valid until the next call of the reader, and while its input is.
  std::string_view text;
  Bytes bytes;
  uint32_t flags = 0;  // of a kValue: how the client that wrote it encoded it
};

// Parses a stream of bytes. After a failure it cannot be used any more. Holds
// at most one line and one value. Not thread-safe.
class ReplyReader {
 public:
  // Longer lines are malformed. Replies to our commands are shorter: keys have
  // up to 250 bytes, and errors are sentences.
  static constexpr size_t kMaxLineBytes = 2048;

  enum class Result {
    kReply,
    kNeedsMore,
    kMalformed,
    kTooLarge,  // a value of more than `max_value_bytes`
    kOutOfMemory
  };

  explicit ReplyReader(uint64_t max_value_bytes) noexcept
      : max_value_bytes_(max_value_bytes) {}

  // Takes the bytes of the next reply from the front of `input`. kNeedsMore:
  // has taken all of `input`, and the reply is not complete. Copies each value
  // once.
  Result Next(std::string_view& input, Reply& reply) noexcept;

  // True after a part of a reply.
  bool IsInReply() const noexcept {
    return in_value_ || (!line_is_complete_ && !line_.empty());
  }

 private:
  Result NextLine(std::string_view& input, Reply& reply);
  // These start a value after its line has been read. kReply: started.
  Result BeginValue(std::string_view line);
  Result BeginMetaValue(std::string_view line);
  Result BeginBytes(std::string_view digits);
  Result ContinueValue(std::string_view& input, Reply& reply);

  const uint64_t max_value_bytes_;
  // A line that arrives in several pieces, as far as it has been read.
  std::string line_;
  bool line_is_complete_ = false;

  // The value that is being read.
  bool in_value_ = false;
  Reply::Type type_ = Reply::Type::kValue;
  std::string text_;
  uint32_t flags_ = 0;
  Bytes value_;
  // Where the next byte of value_ goes. Nobody else has seen the buffer yet.
  char* next_ = nullptr;
  size_t missing_bytes_ = 0;     // of the value
  size_t missing_line_end_ = 0;  // of the CR LF after it
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_REPLY_H_
