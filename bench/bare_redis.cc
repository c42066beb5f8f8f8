#include "bench/bare_redis.h"

#include <benchmark/benchmark.h>

#include <vector>

#include "bench/frame/program.h"

namespace appcache::bench {

BareRedis::BareRedis(const std::string& socket, Workload& workload)
    : workload_(workload), context_(redisConnectUnix(socket.c_str())) {
  Must(context_ != nullptr && context_->err == 0,
       "cannot connect to a Redis server at " + socket);
}

BareRedis::~BareRedis() { redisFree(context_); }

std::string BareRedis::Version() {
  return "hiredis " + std::to_string(HIREDIS_MAJOR) + "." +
         std::to_string(HIREDIS_MINOR) + "." + std::to_string(HIREDIS_PATCH);
}

bool BareRedis::Get() {
  const std::string_view path = workload_.NextPath();
  const Reply reply(static_cast<redisReply*>(
      redisCommand(context_, "GET %b", path.data(), path.size())));
  return IsValue(reply.get());
}

bool BareRedis::GetTimed() {
  const std::string_view path = workload_.NextPath();
  Append("GET %b", path);
  Append("PTTL %b", path);
  const Reply value = NextReply();
  const Reply ttl = NextReply();
  return IsValue(value.get()) && ttl != nullptr &&
         ttl->type == REDIS_REPLY_INTEGER;
}

bool BareRedis::GetTimedInTransaction() {
  const std::string_view path = workload_.NextPath();
  redisAppendCommand(context_, "MULTI");
  Append("GET %b", path);
  Append("PTTL %b", path);
  redisAppendCommand(context_, "EXEC");
  for (int queued = 0; queued < 3; ++queued) {
    if (NextReply() == nullptr) return false;
  }
  const Reply both = NextReply();
  return both != nullptr && both->elements == 2 && IsValue(both->element[0]);
}

bool BareRedis::GetMany() {
  AppendMget(workload_.NextBatch());
  const Reply values = NextReply();
  if (values == nullptr || values->elements != Workload::kBatch) return false;
  bool are_hits = true;
  for (size_t i = 0; i < Workload::kBatch; ++i) {
    are_hits &= IsValue(values->element[i]);
  }
  return are_hits;
}

bool BareRedis::GetManyTimed() {
  const std::span<const std::string_view> paths = workload_.NextBatch();
  AppendMget(paths);
  for (const std::string_view path : paths) Append("PTTL %b", path);
  const Reply values = NextReply();
  bool are_hits = values != nullptr && values->elements == Workload::kBatch;
  for (size_t i = 0; i < Workload::kBatch; ++i) {
    const Reply ttl = NextReply();
    are_hits = are_hits && ttl != nullptr && IsValue(values->element[i]);
  }
  return are_hits;
}

bool BareRedis::Set() {
  const std::string_view path = workload_.NextPath();
  const std::string& value = workload_.value();
  const Reply reply(static_cast<redisReply*>(
      redisCommand(context_, "SET %b %b PX %d", path.data(), path.size(),
                   value.data(), value.size(), 3'600'000)));
  return reply != nullptr && reply->type == REDIS_REPLY_STATUS;
}

void BareRedis::Append(const char* command, std::string_view path) {
  redisAppendCommand(context_, command, path.data(), path.size());
}

void BareRedis::AppendMget(std::span<const std::string_view> paths) {
  std::vector<const char*> texts = {"MGET"};
  std::vector<size_t> sizes = {4};
  for (const std::string_view path : paths) {
    texts.push_back(path.data());
    sizes.push_back(path.size());
  }
  redisAppendCommandArgv(context_, static_cast<int>(texts.size()), texts.data(),
                         sizes.data());
}

BareRedis::Reply BareRedis::NextReply() {
  void* reply = nullptr;
  if (redisGetReply(context_, &reply) != REDIS_OK) return nullptr;
  return Reply(static_cast<redisReply*>(reply));
}

bool BareRedis::IsValue(const redisReply* reply) const {
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING) return false;
  benchmark::DoNotOptimize(reply->str);
  return reply->len == workload_.value().size();
}

}  // namespace appcache::bench
