// Reply: what a Memcached server answers, and ReplyReader, which parses it (the
// text protocol, protocol.txt).

#ifndef APPCACHE_ADAPTERS_MEMCACHE_REPLY_H_
#define APPCACHE_ADAPTERS_MEMCACHE_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/bytes.h"

namespace appcache::memcache {

struct Reply {
  enum class Type {
    kValue,      // one entry of a get: text is its key, bytes its value
    kEnd,        // of a get
    kStored,     // of a set or an add
    kNotStored,  // of an add
    kDeleted,    // of a delete
    kNotFound,   // of a delete
    kOk,         // of a flush_all
    kVersion,    // of a version: text is the number
    kMeta,       // of an mg without v: text is the flags
    kMetaValue,  // of an mg with v: text is the flags, bytes the value
    kMetaMiss,   // of an mg: text is the flags that come with it, or empty
    kError,      // of any command: text is the line
  };

  Type type = Type::kError;
  // Valid until the next call of the reader, and as long as its input.
  std::string_view text;
  Bytes bytes;
};

// Takes a stream of bytes apart. Not thread-safe. After a failure the rest of
// the stream cannot be read. Holds a line and a value at most.
class ReplyReader {
 public:
  // No line that is a reply to what is asked here is longer: keys have 250
  // bytes, errors are sentences.
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

  // Takes the bytes of the next reply off the front of `input`; all of them,
  // if it is not whole yet. Each value is copied once.
  Result Next(std::string_view& input, Reply& reply) noexcept;

  // True in the middle of a reply.
  bool HasMore() const noexcept {
    return in_value_ || (!has_line_ && !line_.empty());
  }

 private:
  Result NextLine(std::string_view& input, Reply& reply);
  Result BeginValue(std::string_view line);
  Result BeginMetaValue(std::string_view line);
  Result BeginBytes(std::string_view digits);
  Result NextOfValue(std::string_view& input, Reply& reply);

  const uint64_t max_value_bytes_;
  // A line that has come in pieces: its beginning, or all of it.
  std::string line_;
  bool has_line_ = false;

  // The value that is being read, and where its next byte goes: nobody else
  // has seen the buffer yet.
  bool in_value_ = false;
  Reply::Type type_ = Reply::Type::kValue;
  std::string text_;
  Bytes value_;
  char* next_ = nullptr;
  size_t missing_ = 0;      // bytes of the value
  size_t missing_end_ = 0;  // bytes of the CR LF behind it
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_REPLY_H_
