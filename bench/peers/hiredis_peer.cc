// Bare hiredis: a connection for each thread to a Redis server, used as its
// manual says.

#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/frame/program.h"
#include "bench/frame/server.h"
#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

class Connection final : public Session {
 public:
  explicit Connection(const std::string& socket)
      : context_(redisConnectUnix(socket.c_str())) {
    Must(context_ != nullptr && context_->err == 0,
         "hiredis cannot connect to " + socket);
  }
  ~Connection() override { redisFree(context_); }

  size_t Get(const Item& item) override {
    return SizeOf(Send("GET %b", item).get());
  }

  size_t Copy(const Item& item) override {
    const Reply reply = Send("GET %b", item);
    if (SizeOf(reply.get()) == 0) return 0;
    const std::string copy(reply->str, reply->len);
    benchmark::DoNotOptimize(copy.data());
    return copy.size();
  }

  // GET and PTTL in one round trip, but not of the same moment.
  size_t GetTimed(const Item& item) override {
    Append("GET %b", item);
    Append("PTTL %b", item);
    const Reply value = NextReply();
    NextTtl();
    return SizeOf(value.get());
  }

  size_t GetMany(std::span<const Item* const> items) override {
    AppendMget(items);
    return SumOf(NextReply().get());
  }

  // MGET and the PTTLs in one round trip, but not of the same moment.
  size_t GetManyTimed(std::span<const Item* const> items) override {
    AppendMget(items);
    for (const Item* const item : items) Append("PTTL %b", *item);
    const Reply values = NextReply();
    for (size_t i = 0; i < items.size(); ++i) NextTtl();
    return SumOf(values.get());
  }

  bool Set(const Item& item, std::string_view value) override {
    const std::string_view path = item.path();
    const Reply reply(static_cast<redisReply*>(
        redisCommand(context_, "SET %b %b", path.data(), path.size(),
                     value.data(), value.size())));
    return reply != nullptr && reply->type == REDIS_REPLY_STATUS;
  }

  bool Remove(const Item& item) override {
    const Reply reply = Send("DEL %b", item);
    return reply != nullptr && reply->type == REDIS_REPLY_INTEGER;
  }

 private:
  struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, FreeReply>;

  Reply Send(const char* command, const Item& item) {
    const std::string_view path = item.path();
    return Reply(static_cast<redisReply*>(
        redisCommand(context_, command, path.data(), path.size())));
  }

  // Appends commands to the output buffer.
  void Append(const char* command, const Item& item) {
    redisAppendCommand(context_, command, item.path().data(),
                       item.path().size());
  }
  void AppendMget(std::span<const Item* const> items) {
    std::vector<const char*> texts = {"MGET"};
    std::vector<size_t> sizes = {4};
    for (const Item* const item : items) {
      texts.push_back(item->path().data());
      sizes.push_back(item->path().size());
    }
    redisAppendCommandArgv(context_, static_cast<int>(texts.size()),
                           texts.data(), sizes.data());
  }

  // The reply to the first command that has none yet; null after an error.
  Reply NextReply() {
    void* reply = nullptr;
    if (redisGetReply(context_, &reply) != REDIS_OK) return nullptr;
    return Reply(static_cast<redisReply*>(reply));
  }
  void NextTtl() {
    const Reply ttl = NextReply();
    Must(ttl != nullptr && ttl->type == REDIS_REPLY_INTEGER,
         "unexpected reply to hiredis");
  }

  // Of the values of an MGET.
  static size_t SumOf(const redisReply* reply) {
    Must(reply != nullptr && reply->type == REDIS_REPLY_ARRAY,
         "unexpected reply to hiredis");
    size_t size = 0;
    for (size_t i = 0; i < reply->elements; ++i) {
      size += SizeOf(reply->element[i]);
    }
    return size;
  }

  // Of a value; 0 for a nil. Another reply ends the program.
  static size_t SizeOf(const redisReply* reply) {
    Must(reply != nullptr && (reply->type == REDIS_REPLY_STRING ||
                              reply->type == REDIS_REPLY_NIL),
         "unexpected reply to hiredis");
    if (reply->type == REDIS_REPLY_NIL) return 0;
    benchmark::DoNotOptimize(reply->str[0]);
    return reply->len;
  }

  redisContext* const context_;
};

class HiredisPeer final : public ConnectedSide {
 public:
  explicit HiredisPeer(const Room&) {}
  ~HiredisPeer() override { Disconnect(); }

 private:
  std::unique_ptr<Session> Connect() override {
    return std::make_unique<Connection>(server_.socket());
  }

  const Server server_ = Server::Redis();
};

const AddSide kAdded({"hiredis", "unix", kCopy | kTimed | kWrites,
                      OpenSide<HiredisPeer>});

}  // namespace
}  // namespace appcache::bench
