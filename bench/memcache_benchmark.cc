// MemcacheCache beside bare libmemcached: one connection each to the same
// server. bench/memcache starts one.

#include <benchmark/benchmark.h>
#include <libmemcached/memcached.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/memcache_cache.h"
#include "bench/frame/backend_side.h"
#include "bench/frame/fixture_program.h"
#include "bench/frame/program.h"
#include "bench/frame/workload.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 1000;
constexpr size_t kValueBytes[] = {256, 4096, 65536};
constexpr time_t kTtlSeconds = 3600;

std::string Socket() {
  return ServerSocket("APPCACHE_MEMCACHED_SOCKET", "bench/memcache");
}

std::shared_ptr<Backend> OpenBackend() {
  MemcacheCacheOptions options;
  options.servers[0].unix_path = Socket();
  return ValueOrFail(MemcacheCache::Open(options))->backend();
}

// One connection. Each operation is written as a program that uses libmemcached
// would write it.
class BareMemcache {
 public:
  explicit BareMemcache(Workload& workload)
      : workload_(workload), client_(memcached_create(nullptr)) {
    const std::string socket = Socket();
    Must(memcached_server_add_unix_socket(client_, socket.c_str()) ==
                 MEMCACHED_SUCCESS &&
             memcached_version(client_) == MEMCACHED_SUCCESS,
         "cannot connect to a Memcached server at " + socket);
  }
  ~BareMemcache() { memcached_free(client_); }
  BareMemcache(const BareMemcache&) = delete;
  BareMemcache& operator=(const BareMemcache&) = delete;

  bool Get() {
    const std::string_view path = workload_.NextPath();
    size_t size = 0;
    uint32_t flags = 0;
    memcached_return_t rc = MEMCACHED_FAILURE;
    char* const found =
        memcached_get(client_, path.data(), path.size(), &size, &flags, &rc);
    benchmark::DoNotOptimize(found);
    std::free(found);
    return rc == MEMCACHED_SUCCESS && size == workload_.value().size();
  }

  // Holds all values at the same time, as the cache does.
  bool GetMany() {
    std::vector<const char*> texts;
    std::vector<size_t> sizes;
    for (const std::string_view path : workload_.NextBatch()) {
      texts.push_back(path.data());
      sizes.push_back(path.size());
    }
    if (memcached_mget(client_, texts.data(), sizes.data(), texts.size()) !=
        MEMCACHED_SUCCESS) {
      return false;
    }
    std::vector<Value> values;
    char key[MEMCACHED_MAX_KEY];
    size_t key_size = 0;
    size_t size = 0;
    uint32_t flags = 0;
    memcached_return_t rc = MEMCACHED_FAILURE;
    bool are_hits = true;
    while (char* const value =
               memcached_fetch(client_, key, &key_size, &size, &flags, &rc)) {
      values.emplace_back(value);
      are_hits &= size == workload_.value().size();
    }
    return are_hits && values.size() == Workload::kBatch;
  }

  bool Set() {
    const std::string_view path = workload_.NextPath();
    const std::string& value = workload_.value();
    return memcached_set(client_, path.data(), path.size(), value.data(),
                         value.size(), kTtlSeconds, 0) == MEMCACHED_SUCCESS;
  }

 private:
  struct FreeValue {
    void operator()(char* value) const { std::free(value); }
  };
  using Value = std::unique_ptr<char, FreeValue>;

  Workload& workload_;
  memcached_st* const client_;
};

struct Fixture {
  explicit Fixture(size_t value_bytes)
      : workload("pyappcache/item/" + std::to_string(value_bytes) + "/", kKeys,
                 value_bytes),
        cache(OpenBackend(), workload, std::chrono::seconds(kTtlSeconds)),
        bare(workload) {
    cache.Fill(kNoTtl);
  }

  Workload workload;
  BackendSide cache;
  BareMemcache bare;
};

void Register(const FixtureCases<Fixture>& cases) {
  cases.Add("get_hit", "cache", [](Fixture& f) { return f.cache.Get(); });
  cases.Add("get_hit", "bare", [](Fixture& f) { return f.bare.Get(); });
  // libmemcached does not support ttl queries: its gets return values only.
  cases.Add("get_timed", "cache",
            [](Fixture& f) { return f.cache.GetTimed(); });
  cases.Add("get_timed", "bare", [](Fixture& f) { return f.bare.Get(); });
  cases.Add("get_hundred_timed", "cache",
            [](Fixture& f) { return f.cache.GetManyTimed(); });
  cases.Add("get_hundred_timed", "bare",
            [](Fixture& f) { return f.bare.GetMany(); });
  cases.Add("set_over", "cache", [](Fixture& f) { return f.cache.Set(); });
  cases.Add("set_over", "bare", [](Fixture& f) { return f.bare.Set(); });
  cases.Add("get_hundred", "cache",
            [](Fixture& f) { return f.cache.GetMany(); });
  cases.Add("get_hundred", "bare", [](Fixture& f) { return f.bare.GetMany(); });
}

int Run(int argc, char** argv) {
  return RunFixtureProgram(
      argc, argv, "libmemcached " + std::string(memcached_lib_version()),
      "unix", kValueBytes, Register);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
