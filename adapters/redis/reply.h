// Reply: a reply of a Redis server, and ReplyReader, which parses replies
// (RESP2, with hiredis's parser).

#ifndef APPCACHE_ADAPTERS_REDIS_REPLY_H_
#define APPCACHE_ADAPTERS_REDIS_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/bytes.h"

struct redisReader;
struct redisReadTask;

namespace appcache::redis {

struct Reply {
  // The limit of an array. No reply to a command of this client is longer, but
  // an invalidation message may have any number of keys.
  static constexpr size_t kMaxElements = size_t{1} << 18;

  enum class Type { kNil, kStatus, kError, kInteger, kString, kArray };

  Type type = Type::kNil;
  int64_t integer = 0;
  // The text of a string, a status or an error.
  Bytes bytes;
  std::vector<Reply> elements;
  // The array had more than kMaxElements; elements.back() is its last one.
  bool is_truncated = false;

  bool is_ok() const noexcept {
    return type == Type::kStatus && bytes.view() == "OK";
  }
};

// Splits a stream of bytes into replies. Not thread-safe. After kMalformed or
// kOutOfMemory the rest of the stream cannot be read.
class ReplyReader {
 public:
  enum class Result { kReply, kNeedsMore, kMalformed, kOutOfMemory };

  // Throws std::bad_alloc.
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // Adds received bytes. False: out of memory.
  bool Feed(std::string_view bytes) noexcept;

  // Takes the next whole reply, if there is one. Copies each value once.
  Result Next(Reply& reply) noexcept;

  // True when there are bytes that belong to no reply that Next returned.
  bool HasMore() const noexcept;

 private:
  struct Functions;
  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };

  // The object that the parser fills for `task`. Null: out of memory.
  Reply* Place(const redisReadTask& task) noexcept;

  Reply root_;
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_REPLY_H_
