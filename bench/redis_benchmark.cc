// RedisCache beside bare hiredis: one connection each to the same server.
// bench/with_redis starts one.

#include <memory>
#include <string>

#include "appcache/redis_cache.h"
#include "bench/bare_redis.h"
#include "bench/frame/backend_side.h"
#include "bench/frame/fixture_program.h"
#include "bench/frame/program.h"
#include "bench/frame/workload.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 1000;
constexpr size_t kValueBytes[] = {256, 4096, 65536};

std::string Socket() {
  return ServerSocket(kRedisSocketVariable, "bench/with_redis redis_benchmark");
}

std::shared_ptr<Backend> OpenBackend() {
  RedisCacheOptions options;
  options.unix_path = Socket();
  return ValueOrFail(RedisCache::Open(options))->backend();
}

struct Fixture {
  explicit Fixture(size_t value_bytes)
      : workload("pyappcache/item/" + std::to_string(value_bytes) + "/", kKeys,
                 value_bytes),
        cache(OpenBackend(), workload, std::chrono::hours(1)),
        bare(Socket(), workload) {
    cache.Fill(kNoTtl);
  }

  Workload workload;
  BackendSide cache;
  BareRedis bare;
};

void Register(const FixtureCases<Fixture>& cases) {
  cases.Add("get_hit", "cache", [](Fixture& f) { return f.cache.Get(); });
  cases.Add("get_hit", "bare", [](Fixture& f) { return f.bare.Get(); });
  cases.Add("get_timed", "cache",
            [](Fixture& f) { return f.cache.GetTimed(); });
  cases.Add("get_timed", "bare", [](Fixture& f) { return f.bare.GetTimed(); });
  cases.Add("get_timed", "bare_exec",
            [](Fixture& f) { return f.bare.GetTimedInTransaction(); });
  cases.Add("set_over", "cache", [](Fixture& f) { return f.cache.Set(); });
  cases.Add("set_over", "bare", [](Fixture& f) { return f.bare.Set(); });
  cases.Add("get_hundred", "cache",
            [](Fixture& f) { return f.cache.GetMany(); });
  cases.Add("get_hundred", "bare", [](Fixture& f) { return f.bare.GetMany(); });
  cases.Add("get_hundred_timed", "cache",
            [](Fixture& f) { return f.cache.GetManyTimed(); });
  cases.Add("get_hundred_timed", "bare",
            [](Fixture& f) { return f.bare.GetManyTimed(); });
}

int Run(int argc, char** argv) {
  return RunFixtureProgram(argc, argv, BareRedis::Version(), "unix",
                           kValueBytes, Register);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
