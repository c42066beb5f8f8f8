// RedisCache beside bare hiredis: one connection each to the same server, whose
// unix socket APPCACHE_REDIS_SOCKET names. bench/redis starts one.

#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/redis_cache.h"

namespace appcache::bench {
namespace {

constexpr int kKeys = 10'000;
constexpr int kBatch = 100;
constexpr size_t kValueBytes[] = {256, 4096, 65536};

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using BareReply = std::unique_ptr<redisReply, FreeReply>;

// What the benchmarks share.
struct Bench {
  std::unique_ptr<RedisCache> cache;
  redisContext* bare = nullptr;
  std::vector<std::string> paths;
  std::vector<std::string_view> views;
  size_t next = 0;

  std::string_view NextPath() { return paths[next++ * 7919 % kKeys]; }
  std::span<const std::string_view> NextBatch() {
    return std::span(views).subspan(next++ * kBatch % kKeys, kBatch);
  }

  BareReply Run(const std::vector<std::string_view>& arguments) {
    std::vector<const char*> texts;
    std::vector<size_t> sizes;
    for (const std::string_view argument : arguments) {
      texts.push_back(argument.data());
      sizes.push_back(argument.size());
    }
    return BareReply(static_cast<redisReply*>(redisCommandArgv(
        bare, static_cast<int>(texts.size()), texts.data(), sizes.data())));
  }
};

// As a program that uses hiredis has a call and its value.
bool BareGet(Bench& bench, size_t value_bytes) {
  const std::string_view path = bench.NextPath();
  const BareReply reply(static_cast<redisReply*>(
      redisCommand(bench.bare, "GET %b", path.data(), path.size())));
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING) return false;
  benchmark::DoNotOptimize(reply->str);
  return reply->len == value_bytes;
}

bool CacheGet(Bench& bench, size_t value_bytes) {
  const Lookup<Bytes> found = bench.cache->GetRaw(bench.NextPath());
  return found && found->size() == value_bytes;
}

bool BareSet(Bench& bench, std::string_view value) {
  const std::string_view path = bench.NextPath();
  const BareReply reply(static_cast<redisReply*>(
      redisCommand(bench.bare, "SET %b %b PX %d", path.data(), path.size(),
                   value.data(), value.size(), 3'600'000)));
  return reply != nullptr && reply->type == REDIS_REPLY_STATUS;
}

bool CacheSet(Bench& bench, std::string_view value) {
  return bench.cache->SetRaw(bench.NextPath(), value, Ttl(3'600'000)).ok();
}

bool BareGetMany(Bench& bench, size_t value_bytes) {
  std::vector<std::string_view> arguments = {"MGET"};
  const auto paths = bench.NextBatch();
  arguments.insert(arguments.end(), paths.begin(), paths.end());
  const BareReply reply = bench.Run(arguments);
  if (reply == nullptr || reply->elements != kBatch) return false;
  bool right = true;
  for (size_t i = 0; i < kBatch; ++i) {
    right &= reply->element[i]->len == value_bytes;
  }
  return right;
}

bool CacheGetMany(Bench& bench, size_t value_bytes) {
  bool right = true;
  for (const auto& found : bench.cache->GetManyRaw(bench.NextBatch())) {
    right &= found && found->size() == value_bytes;
  }
  return right;
}

void Fill(Bench& bench, size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  for (const std::string& path : bench.paths) {
    if (!bench.cache->SetRaw(path, value, kNoTtl).ok()) std::abort();
  }
}

template <class Operation>
void Register(Bench& bench, const std::string& name, size_t value_bytes,
              const Operation& operation) {
  benchmark::RegisterBenchmark(
      (name + "/unix/" + std::to_string(value_bytes)).c_str(),
      [&bench, value_bytes, operation](benchmark::State& state) {
        static size_t filled_with = 0;
        if (filled_with != value_bytes) Fill(bench, value_bytes);
        filled_with = value_bytes;
        bool right = operation(bench, value_bytes);
        for (auto _ : state) right &= operation(bench, value_bytes);
        if (!right) state.SkipWithError("an operation went wrong");
        state.counters["bytes"] = static_cast<double>(value_bytes);
        state.counters["ops"] = 1;
      });
}

void RegisterAll(Bench& bench) {
  for (const size_t bytes : kValueBytes) {
    Register(bench, "get_hit/cache", bytes, CacheGet);
    Register(bench, "get_hit/bare", bytes, BareGet);
    const auto set = [bytes](auto one) {
      return [one, value = std::string(bytes, 'v')](Bench& b, size_t) {
        return one(b, value);
      };
    };
    Register(bench, "set_over/cache", bytes, set(CacheSet));
    Register(bench, "set_over/bare", bytes, set(BareSet));
  }
  Register(bench, "get_hundred/cache", 256, CacheGetMany);
  Register(bench, "get_hundred/bare", 256, BareGetMany);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) {
  using appcache::RedisCache;
  const char* const socket = std::getenv("APPCACHE_REDIS_SOCKET");
  if (socket == nullptr) {
    std::fprintf(stderr,
                 "redis_benchmark: APPCACHE_REDIS_SOCKET names no server's "
                 "socket; run bench/redis\n");
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("compiler", __VERSION__);
#ifdef NDEBUG
  benchmark::AddCustomContext("optimized", "yes");
#else
  benchmark::AddCustomContext("optimized", "NO: build with -c opt");
#endif
  appcache::bench::Bench bench;
  appcache::RedisCacheOptions options;
  options.unix_path = socket;
  bench.cache = *RedisCache::Open(options);
  bench.bare = redisConnectUnix(socket);
  if (bench.bare == nullptr || bench.bare->err != 0) {
    std::fprintf(stderr, "redis_benchmark: no server at %s\n", socket);
    return 3;
  }
  for (int i = 0; i < appcache::bench::kKeys; ++i) {
    bench.paths.push_back("pyappcache/item/" + std::to_string(10'000'000 + i));
  }
  bench.views.assign(bench.paths.begin(), bench.paths.end());
  appcache::bench::RegisterAll(bench);
  benchmark::RunSpecifiedBenchmarks();
  redisFree(bench.bare);
  benchmark::Shutdown();
  return 0;
}
