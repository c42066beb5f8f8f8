// RedisCache beside bare hiredis: one connection each to the same server, whose
// unix socket APPCACHE_REDIS_SOCKET names. bench/with_redis starts one.

#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>

#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/redis_cache.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 1000;
constexpr size_t kBatch = 100;
constexpr size_t kValueBytes[] = {256, 4096, 65536};

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using BareReply = std::unique_ptr<redisReply, FreeReply>;

// Keys whose values have one size, the same for both sides.
class Bench {
 public:
  Bench(RedisCache& cache, redisContext* bare, size_t value_bytes)
      : cache(cache), bare(bare), value(value_bytes, 'v') {
    for (size_t i = 0; i < kKeys; ++i) {
      paths_.push_back("pyappcache/item/" + std::to_string(value_bytes) + "/" +
                       std::to_string(1'000'000 + i));
      if (!cache.SetRaw(paths_[i], value, kNoTtl).ok()) std::abort();
    }
    views_.assign(paths_.begin(), paths_.end());
  }

  std::string_view NextPath() { return paths_[next_++ * 7919 % kKeys]; }
  std::span<const std::string_view> NextBatch() {
    return std::span(views_).subspan(next_++ * kBatch % kKeys, kBatch);
  }

  BareReply Run(const std::vector<std::string_view>& arguments) {
    Append(arguments);
    return Next();
  }

  // The replies to what has been appended, in order.
  BareReply Next() {
    void* reply = nullptr;
    if (redisGetReply(bare, &reply) != REDIS_OK) return nullptr;
    return BareReply(static_cast<redisReply*>(reply));
  }

  void Append(const std::vector<std::string_view>& arguments) {
    std::vector<const char*> texts;
    std::vector<size_t> sizes;
    for (const std::string_view argument : arguments) {
      texts.push_back(argument.data());
      sizes.push_back(argument.size());
    }
    redisAppendCommandArgv(bare, static_cast<int>(texts.size()), texts.data(),
                           sizes.data());
  }

  RedisCache& cache;
  redisContext* const bare;
  const std::string value;

 private:
  std::vector<std::string> paths_;
  std::vector<std::string_view> views_;
  size_t next_ = 0;
};

// As a program that uses hiredis has a call and its value.
bool BareGet(Bench& bench) {
  const std::string_view path = bench.NextPath();
  const BareReply reply(static_cast<redisReply*>(
      redisCommand(bench.bare, "GET %b", path.data(), path.size())));
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING) return false;
  benchmark::DoNotOptimize(reply->str);
  return reply->len == bench.value.size();
}

bool CacheGet(Bench& bench) {
  const Lookup<Bytes> found = bench.cache.GetRaw(bench.NextPath());
  return found && found->size() == bench.value.size();
}

bool CacheGetTimed(Bench& bench) {
  const Lookup<TimedBytes> found = bench.cache.GetTimedRaw(bench.NextPath());
  return found && found->value.size() == bench.value.size();
}

bool IsValue(const Bench& bench, const redisReply* reply) {
  return reply != nullptr && reply->type == REDIS_REPLY_STRING &&
         reply->len == bench.value.size();
}

// GET and PTTL in one round trip, but not of one moment.
bool BareGetTtl(Bench& bench) {
  const std::string_view path = bench.NextPath();
  redisAppendCommand(bench.bare, "GET %b", path.data(), path.size());
  redisAppendCommand(bench.bare, "PTTL %b", path.data(), path.size());
  const BareReply value = bench.Next();
  const BareReply left = bench.Next();
  return IsValue(bench, value.get()) && left != nullptr &&
         left->type == REDIS_REPLY_INTEGER;
}

bool BareTransaction(Bench& bench) {
  const std::string_view path = bench.NextPath();
  redisAppendCommand(bench.bare, "MULTI");
  redisAppendCommand(bench.bare, "GET %b", path.data(), path.size());
  redisAppendCommand(bench.bare, "PTTL %b", path.data(), path.size());
  redisAppendCommand(bench.bare, "EXEC");
  for (int queued = 0; queued < 3; ++queued) {
    if (bench.Next() == nullptr) return false;
  }
  const BareReply both = bench.Next();
  return both != nullptr && both->elements == 2 &&
         IsValue(bench, both->element[0]);
}

bool BareSet(Bench& bench) {
  const std::string_view path = bench.NextPath();
  const BareReply reply(static_cast<redisReply*>(
      redisCommand(bench.bare, "SET %b %b PX %d", path.data(), path.size(),
                   bench.value.data(), bench.value.size(), 3'600'000)));
  return reply != nullptr && reply->type == REDIS_REPLY_STATUS;
}

bool CacheSet(Bench& bench) {
  return bench.cache.SetRaw(bench.NextPath(), bench.value, Ttl(3'600'000)).ok();
}

bool BareGetMany(Bench& bench) {
  std::vector<std::string_view> arguments = {"MGET"};
  const auto paths = bench.NextBatch();
  arguments.insert(arguments.end(), paths.begin(), paths.end());
  const BareReply reply = bench.Run(arguments);
  if (reply == nullptr || reply->elements != kBatch) return false;
  bool right = true;
  for (size_t i = 0; i < kBatch; ++i) {
    right &= reply->element[i]->len == bench.value.size();
  }
  return right;
}

bool CacheGetMany(Bench& bench) {
  bool right = true;
  for (const auto& found : bench.cache.GetManyRaw(bench.NextBatch())) {
    right &= found && found->size() == bench.value.size();
  }
  return right;
}

bool CacheGetManyTimed(Bench& bench) {
  bool right = true;
  for (const auto& found : bench.cache.GetManyTimedRaw(bench.NextBatch())) {
    right &= found && found->value.size() == bench.value.size();
  }
  return right;
}

// An MGET and the PTTLs in one round trip, but not of one moment.
bool BareGetManyTtl(Bench& bench) {
  std::vector<std::string_view> arguments = {"MGET"};
  const auto paths = bench.NextBatch();
  arguments.insert(arguments.end(), paths.begin(), paths.end());
  bench.Append(arguments);
  for (const std::string_view path : paths) {
    redisAppendCommand(bench.bare, "PTTL %b", path.data(), path.size());
  }
  const BareReply values = bench.Next();
  bool right = values != nullptr && values->elements == kBatch;
  for (size_t i = 0; i < kBatch; ++i) {
    const BareReply left = bench.Next();
    right = right && left != nullptr && IsValue(bench, values->element[i]);
  }
  return right;
}

using Operation = bool (*)(Bench& bench);

void Register(Bench& bench, const std::string& name, Operation operation) {
#ifdef __clang_analyzer__
  // It takes what benchmark.h hands over to its registry for a leak.
  (void)bench, (void)name, (void)operation;
#else
  benchmark::RegisterBenchmark(
      (name + "/unix/" + std::to_string(bench.value.size())).c_str(),
      [&bench, operation](benchmark::State& state) {
        bool right = operation(bench);
        for (auto _ : state) right &= operation(bench);
        if (!right) state.SkipWithError("an operation went wrong");
        state.counters["bytes"] = static_cast<double>(bench.value.size());
        state.counters["ops"] = 1;
      });
#endif
}

void RegisterAll(Bench& bench) {
  Register(bench, "get_hit/cache", CacheGet);
  Register(bench, "get_hit/bare", BareGet);
  Register(bench, "get_timed/cache", CacheGetTimed);
  Register(bench, "get_timed/bare", BareGetTtl);
  Register(bench, "get_timed/bare_exec", BareTransaction);
  Register(bench, "set_over/cache", CacheSet);
  Register(bench, "set_over/bare", BareSet);
  Register(bench, "get_hundred/cache", CacheGetMany);
  Register(bench, "get_hundred/bare", BareGetMany);
  Register(bench, "get_hundred_timed/cache", CacheGetManyTimed);
  Register(bench, "get_hundred_timed/bare", BareGetManyTtl);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) {
  using appcache::RedisCache;
  const char* const socket = std::getenv("APPCACHE_REDIS_SOCKET");
  if (socket == nullptr) {
    std::fprintf(stderr,
                 "redis_benchmark: APPCACHE_REDIS_SOCKET names no server's "
                 "socket; run bench/with_redis redis_benchmark\n");
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("peer", "hiredis " +
                                          std::to_string(HIREDIS_MAJOR) + "." +
                                          std::to_string(HIREDIS_MINOR) + "." +
                                          std::to_string(HIREDIS_PATCH));
  benchmark::AddCustomContext("compiler", __VERSION__);
#ifdef NDEBUG
  benchmark::AddCustomContext("optimized", "yes");
#else
  benchmark::AddCustomContext("optimized", "NO: build with -c opt");
#endif
  appcache::RedisCacheOptions options;
  options.unix_path = socket;
  const std::unique_ptr<RedisCache> cache = *RedisCache::Open(options);
  redisContext* const bare = redisConnectUnix(socket);
  if (bare == nullptr || bare->err != 0) {
    std::fprintf(stderr, "redis_benchmark: no server at %s\n", socket);
    return 3;
  }
  std::list<appcache::bench::Bench> benches;
  for (const size_t value_bytes : appcache::bench::kValueBytes) {
    appcache::bench::RegisterAll(
        benches.emplace_back(*cache, bare, value_bytes));
  }
  benchmark::RunSpecifiedBenchmarks();
  redisFree(bare);
  benchmark::Shutdown();
  return 0;
}
