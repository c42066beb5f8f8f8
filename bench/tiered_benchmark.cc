// TieredCache on a Redis server, which bench/with_redis starts. A hit beside
// the same hit of the local cache alone and beside a GET of hiredis; a miss
// beside a GET and a PTTL of hiredis in one round trip.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "appcache/redis_cache.h"
#include "appcache/sqlite_cache.h"
#include "appcache/tiered_cache.h"
#include "bench/bare_redis.h"
#include "bench/frame/backend_side.h"
#include "bench/frame/fixture_program.h"
#include "bench/frame/program.h"
#include "bench/frame/statement_counter.h"
#include "bench/frame/workload.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 1000;
constexpr size_t kValueBytes[] = {16, 256, 4096};
constexpr Ttl kTtl = std::chrono::hours(1);

// So few that no get of the workload finds a copy.
constexpr size_t kFewEntries = 8;

std::string Socket() {
  return ServerSocket(kRedisSocketVariable,
                      "bench/with_redis tiered_benchmark");
}

std::shared_ptr<Backend> OpenLocal(const std::string& name, size_t entries) {
  SqliteCacheOptions options;
  options.max_entries = entries;
  return ValueOrFail(SqliteCache::OpenInMemory(options, name))->backend();
}

std::unique_ptr<TieredCache> OpenTier(const std::string& name, size_t entries) {
  RedisCacheOptions remote;
  remote.unix_path = Socket();
  TieredOptions options;
  options.cache.log = [](LogLevel, std::string_view) {};
  return ValueOrFail(TieredCache::Open(
      OpenLocal(name, entries),
      ValueOrFail(RedisCache::Open(remote))->backend(), options));
}

struct Fixture {
  explicit Fixture(size_t value_bytes)
      : size(std::to_string(value_bytes)),
        workload("pyappcache/item/" + size + "/", kKeys, value_bytes),
        tier(OpenTier("tier" + size, kKeys)),
        small_tier(OpenTier("small" + size, kFewEntries)),
        tier_hit(tier->backend(), workload, kTtl),
        tier_miss(small_tier->backend(), workload, kTtl),
        local_hit(OpenLocal("local" + size, kKeys), workload, kTtl),
        bare(Socket(), workload) {
    // There are no notifications of what is set before the links are up.
    while (!tier->coherent() || !small_tier->coherent()) {
      std::this_thread::yield();
    }
    tier_hit.Fill(kTtl);
    local_hit.Fill(kTtl);
    // A notification that arrives later would remove a copy again.
    while (tier->Report().changes_notified < kKeys) std::this_thread::yield();
    for (size_t i = 0; i < kKeys; ++i) {
      Must(tier_hit.Get(), "the tier lacks an entry that was set");
    }
  }

  const std::string size;
  Workload workload;
  const std::unique_ptr<TieredCache> tier;
  const std::unique_ptr<TieredCache> small_tier;
  BackendSide tier_hit;
  BackendSide tier_miss;
  BackendSide local_hit;
  BareRedis bare;
};

void Register(const FixtureCases<Fixture>& cases) {
  cases.Add("get_hit", "cache", [](Fixture& f) { return f.tier_hit.Get(); });
  cases.Add("get_hit", "bare", [](Fixture& f) { return f.local_hit.Get(); });
  cases.Add("get_hit", "hiredis", [](Fixture& f) { return f.bare.Get(); });
  cases.Add("get_fetch", "cache", [](Fixture& f) { return f.tier_miss.Get(); });
  cases.Add("get_fetch", "hiredis",
            [](Fixture& f) { return f.bare.GetTimed(); });
}

int Run(int argc, char** argv) {
  AddStatementCounter();
  return RunFixtureProgram(argc, argv, BareRedis::Version(), "unix",
                           kValueBytes, Register);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
