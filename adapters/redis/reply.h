// Reply: what a Redis server answers, and ReplyReader, which parses it (RESP2,
// by hiredis's parser).

#ifndef APPCACHE_ADAPTERS_REDIS_REPLY_H_
#define APPCACHE_ADAPTERS_REDIS_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/bytes.h"

struct redisReader;
struct redisReadTask;

namespace appcache::redis {

struct Reply {
  // Of an array: more than any command of ours is answered with. A server may
  // tell of more keys at once than there is memory for.
  static constexpr size_t kMaxElements = size_t{1} << 18;

  enum class Type { kNil, kStatus, kError, kInteger, kString, kArray };

  Type type = Type::kNil;
  int64_t integer = 0;
  // Of a string, a status or an error.
  Bytes bytes;
  std::vector<Reply> elements;
  // There were more: the last one stands for those beyond kMaxElements.
  bool is_cut = false;

  bool is_ok() const noexcept {
    return type == Type::kStatus && bytes.view() == "OK";
  }
};

// Takes a stream of bytes apart. Not thread-safe. After kMalformed or
// kOutOfMemory the rest of the stream cannot be read.
class ReplyReader {
 public:
  enum class Result { kReply, kNeedsMore, kMalformed, kOutOfMemory };

  // Throws std::bad_alloc.
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // False: no memory.
  bool Feed(std::string_view bytes) noexcept;

  // The next whole reply, if there is one. Each value is copied once.
  Result Next(Reply& reply) noexcept;

  // True when bytes are left that belong to no reply taken yet.
  bool HasMore() const noexcept;

 private:
  struct Functions;
  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };

  // Where the parser is to put what the task has read. Null: no memory.
  Reply* Place(const redisReadTask& task) noexcept;

  Reply root_;
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace appcache::redis

#endif  // APPCACHE_ADAPTERS_REDIS_REPLY_H_
