// Bare hiredis: the peer that RedisCache and TieredCache are compared with.

#ifndef APPCACHE_BENCH_BARE_REDIS_H_
#define APPCACHE_BENCH_BARE_REDIS_H_

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bench/frame/workload.h"

namespace appcache::bench {

// The environment variable with the path of the server's unix socket, which
// bench/with_redis sets.
inline constexpr char kRedisSocketVariable[] = "APPCACHE_REDIS_SOCKET";

// One connection. Each operation is written as a program that uses hiredis
// would write it, and returns whether its result was the expected one.
class BareRedis {
 public:
  // Ends the program if there is no server. `workload` must outlive it.
  BareRedis(const std::string& socket, Workload& workload);
  ~BareRedis();
  BareRedis(const BareRedis&) = delete;
  BareRedis& operator=(const BareRedis&) = delete;

  // "hiredis 0.14.1".
  static std::string Version();

  bool Get();
  // GET and PTTL in one round trip, but not of the same moment.
  bool GetTimed();
  // GET and PTTL in a transaction.
  bool GetTimedInTransaction();
  bool GetMany();
  // MGET and the PTTLs in one round trip, but not of the same moment.
  bool GetManyTimed();
  bool Set();

 private:
  struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, FreeReply>;

  // Appends commands to the output buffer.
  void Append(const char* command, std::string_view path);
  void AppendMget(std::span<const std::string_view> paths);
  // The reply to the first command that has none yet. Null: an error.
  Reply NextReply();

  bool IsValue(const redisReply* reply) const;

  Workload& workload_;
  redisContext* const context_;
};

}  // namespace appcache::bench

#endif  // APPCACHE_BENCH_BARE_REDIS_H_
