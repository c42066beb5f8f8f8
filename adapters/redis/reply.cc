#include "adapters/redis/reply.h"

// Before hiredis.h, which includes it as if it were C++'s.
extern "C" {
#include <hiredis/sds.h>
}

#include <hiredis/hiredis.h>

#include <new>
#include <utility>

namespace appcache::redis {

// The callbacks of hiredis's parser. An element is stored in its parent's
// `elements`. The parser keeps pointers to the arrays that it is filling; they
// stay valid, because nothing is added next to an array before it is complete.
struct ReplyReader::Functions {
  static Reply* Place(const redisReadTask* task) noexcept {
    return static_cast<ReplyReader*>(task->privdata)->Place(*task);
  }

  static void* String(const redisReadTask* task, char* text, size_t size) {
    Reply* const reply = Place(task);
    if (reply == nullptr) return nullptr;
    reply->type = task->type == REDIS_REPLY_STATUS  ? Reply::Type::kStatus
                  : task->type == REDIS_REPLY_ERROR ? Reply::Type::kError
                                                    : Reply::Type::kString;
    try {
      reply->bytes = Bytes::Copy({text, size});
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    return reply;
  }

  // Does not reserve for the number of elements, which comes from the peer and
  // may be anything.
  static void* Array(const redisReadTask* task, int) {
    Reply* const reply = Place(task);
    if (reply != nullptr) reply->type = Reply::Type::kArray;
    return reply;
  }

  static void* Integer(const redisReadTask* task, long long value) {
    Reply* const reply = Place(task);
    if (reply == nullptr) return nullptr;
    reply->type = Reply::Type::kInteger;
    reply->integer = value;
    return reply;
  }

  static void* Nil(const redisReadTask* task) { return Place(task); }

  // root_, which belongs to the reader, owns all replies.
  static void Free(void*) {}
};

void ReplyReader::Free::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader() {
  static redisReplyObjectFunctions functions = {
      Functions::String, Functions::Array, Functions::Integer, Functions::Nil,
      Functions::Free};
  reader_.reset(redisReaderCreateWithFunctions(&functions));
  if (reader_ == nullptr) throw std::bad_alloc();
  reader_->privdata = this;
}

ReplyReader::~ReplyReader() = default;

Reply* ReplyReader::Place(const redisReadTask& task) noexcept {
  if (task.parent == nullptr) {
    root_ = Reply();
    return &root_;
  }
  auto& parent = *static_cast<Reply*>(task.parent->obj);
  if (parent.elements.size() == Reply::kMaxElements) {
    // The overwritten element is complete, so the parser has no pointer into
    // it.
    parent.is_truncated = true;
    parent.elements.back() = Reply();
    return &parent.elements.back();
  }
  try {
    return &parent.elements.emplace_back();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

bool ReplyReader::Feed(std::string_view bytes) noexcept {
  // hiredis grows a large buffer by 1 MiB at a time and may copy it each time.
  // Grow it geometrically instead.
  const size_t size = reader_->len;
  if (size >= SDS_MAX_PREALLOC && sdsavail(reader_->buf) < bytes.size()) {
    const sds larger = sdsMakeRoomFor(reader_->buf, bytes.size() + size / 2);
    if (larger == nullptr) return false;
    reader_->buf = larger;
  }
  return redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK;
}

ReplyReader::Result ReplyReader::Next(Reply& reply) noexcept {
  void* whole = nullptr;
  if (redisReaderGetReply(reader_.get(), &whole) != REDIS_OK) {
    return reader_->err == REDIS_ERR_OOM ? Result::kOutOfMemory
                                         : Result::kMalformed;
  }
  if (whole == nullptr) return Result::kNeedsMore;
  reply = std::exchange(root_, Reply());
  return Result::kReply;
}

bool ReplyReader::HasMore() const noexcept {
  // Between two replies, the first task on the parser's stack has no type.
  return reader_->pos < reader_->len || reader_->ridx > 0 ||
         (reader_->ridx == 0 && reader_->rstack[0].type != -1);
}

}  // namespace appcache::redis
