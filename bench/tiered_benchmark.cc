// TieredCache on a Redis server, whose unix socket APPCACHE_REDIS_SOCKET names
// (bench/with_redis starts one): a hit beside the same hit of the local cache
// alone and a GET of hiredis; a miss beside a GET and a PTTL of hiredis in one
// round trip.

#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>

#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/redis/redis_cache.h"
#include "adapters/tiered/tiered_cache.h"
#include "engine/sqlite_cache.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 1000;
constexpr size_t kValueBytes[] = {16, 256, 4096};

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using BareReply = std::unique_ptr<redisReply, FreeReply>;

std::unique_ptr<SqliteCache> Local(const std::string& name, size_t entries) {
  SqliteCacheOptions options;
  options.max_entries = entries;
  return *SqliteCache::OpenInMemory(options, name);
}

std::unique_ptr<TieredCache> Tier(const char* socket, const std::string& name,
                                  size_t entries) {
  RedisCacheOptions remote;
  remote.unix_path = socket;
  TieredOptions options;
  options.cache.log = [](LogLevel, std::string_view) {};
  return *TieredCache::Open(Local(name, entries), *RedisCache::Open(remote),
                            options);
}

// Keys whose values have one size.
class Bench {
 public:
  Bench(const char* socket, size_t value_bytes)
      : value(value_bytes, 'v'),
        tier(Tier(socket, "tier" + std::to_string(value_bytes), kKeys)),
        // So small that every get of the round is a miss.
        small_tier(Tier(socket, "small" + std::to_string(value_bytes), 8)),
        local(Local("local" + std::to_string(value_bytes), kKeys)),
        bare(redisConnectUnix(socket)) {
    // What is set before there is a link is not told.
    while (!tier->coherent() || !small_tier->coherent()) {
    }
    for (size_t i = 0; i < kKeys; ++i) {
      paths_.push_back("pyappcache/item/" + std::to_string(value_bytes) + "/" +
                       std::to_string(1'000'000 + i));
      if (!tier->SetRaw(paths_[i], value, Ttl(3'600'000)).ok() ||
          !local->SetRaw(paths_[i], value, Ttl(3'600'000)).ok()) {
        std::abort();
      }
    }
    // A change that is told late would drop a copy again.
    while (tier->Report().changes_told < kKeys) {
    }
    for (const std::string& path : paths_) {
      if (!tier->GetRaw(path)) std::abort();
    }
  }
  ~Bench() { redisFree(bare); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  const std::string& NextPath() { return paths_[next_++ * 7919 % kKeys]; }

  const std::string value;
  const std::unique_ptr<TieredCache> tier;
  const std::unique_ptr<TieredCache> small_tier;
  const std::unique_ptr<SqliteCache> local;
  redisContext* const bare;

 private:
  std::vector<std::string> paths_;
  size_t next_ = 0;
};

bool Get(Cache& cache, Bench& bench) {
  const Lookup<Bytes> found = cache.GetRaw(bench.NextPath());
  return found && found->size() == bench.value.size();
}

bool TierHit(Bench& bench) { return Get(*bench.tier, bench); }
bool LocalHit(Bench& bench) { return Get(*bench.local, bench); }
bool TierMiss(Bench& bench) { return Get(*bench.small_tier, bench); }

bool IsValue(const redisReply* reply, const Bench& bench) {
  if (reply == nullptr || reply->type != REDIS_REPLY_STRING) return false;
  benchmark::DoNotOptimize(reply->str);
  return reply->len == bench.value.size();
}

bool BareGet(Bench& bench) {
  const std::string& path = bench.NextPath();
  const BareReply reply(static_cast<redisReply*>(
      redisCommand(bench.bare, "GET %b", path.data(), path.size())));
  return IsValue(reply.get(), bench);
}

bool BareGetAndTtl(Bench& bench) {
  const std::string& path = bench.NextPath();
  redisAppendCommand(bench.bare, "GET %b", path.data(), path.size());
  redisAppendCommand(bench.bare, "PTTL %b", path.data(), path.size());
  void* value = nullptr;
  void* ttl = nullptr;
  if (redisGetReply(bench.bare, &value) != REDIS_OK ||
      redisGetReply(bench.bare, &ttl) != REDIS_OK) {
    return false;
  }
  const BareReply value_reply(static_cast<redisReply*>(value));
  const BareReply ttl_reply(static_cast<redisReply*>(ttl));
  return IsValue(value_reply.get(), bench) && ttl_reply->integer > 0;
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
  Register(bench, "get_hit/cache", TierHit);
  Register(bench, "get_hit/bare", LocalHit);
  Register(bench, "get_hit/hiredis", BareGet);
  Register(bench, "get_fetch/cache", TierMiss);
  Register(bench, "get_fetch/hiredis", BareGetAndTtl);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) {
  const char* const socket = std::getenv("APPCACHE_REDIS_SOCKET");
  if (socket == nullptr) {
    std::fprintf(stderr,
                 "tiered_benchmark: APPCACHE_REDIS_SOCKET names no server's "
                 "socket; run bench/with_redis tiered_benchmark\n");
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
  std::list<appcache::bench::Bench> benches;
  for (const size_t value_bytes : appcache::bench::kValueBytes) {
    appcache::bench::RegisterAll(benches.emplace_back(socket, value_bytes));
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
