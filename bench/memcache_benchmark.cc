// MemcacheCache beside bare libmemcached: one connection each to the same
// server, whose unix socket APPCACHE_MEMCACHED_SOCKET names. bench/memcache
// starts one.

#include <benchmark/benchmark.h>
#include <libmemcached/memcached.h>

#include <cstdio>
#include <cstdlib>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/memcache/memcache_cache.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 1000;
constexpr size_t kBatch = 100;
constexpr size_t kValueBytes[] = {256, 4096, 65536};

struct FreeValue {
  void operator()(char* value) const { std::free(value); }
};
using BareValue = std::unique_ptr<char, FreeValue>;

// Keys whose values have one size, the same for both sides.
class Bench {
 public:
  Bench(MemcacheCache& cache, memcached_st* bare, size_t value_bytes)
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

  MemcacheCache& cache;
  memcached_st* const bare;
  const std::string value;

 private:
  std::vector<std::string> paths_;
  std::vector<std::string_view> views_;
  size_t next_ = 0;
};

// As a program that uses libmemcached has a call and its value.
bool BareGet(Bench& bench) {
  const std::string_view path = bench.NextPath();
  size_t size = 0;
  uint32_t flags = 0;
  memcached_return_t rc = MEMCACHED_FAILURE;
  char* const found =
      memcached_get(bench.bare, path.data(), path.size(), &size, &flags, &rc);
  benchmark::DoNotOptimize(found);
  std::free(found);
  return rc == MEMCACHED_SUCCESS && size == bench.value.size();
}

bool CacheGet(Bench& bench) {
  const Lookup<Bytes> found = bench.cache.GetRaw(bench.NextPath());
  return found && found->size() == bench.value.size();
}

bool BareSet(Bench& bench) {
  const std::string_view path = bench.NextPath();
  return memcached_set(bench.bare, path.data(), path.size(), bench.value.data(),
                       bench.value.size(), 3600, 0) == MEMCACHED_SUCCESS;
}

bool CacheSet(Bench& bench) {
  return bench.cache.SetRaw(bench.NextPath(), bench.value, Ttl(3'600'000)).ok();
}

// All values are there at once, as they are with the cache.
bool BareGetMany(Bench& bench) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string_view path : bench.NextBatch()) {
    texts.push_back(path.data());
    sizes.push_back(path.size());
  }
  if (memcached_mget(bench.bare, texts.data(), sizes.data(), texts.size()) !=
      MEMCACHED_SUCCESS) {
    return false;
  }
  std::vector<BareValue> values;
  char key[MEMCACHED_MAX_KEY];
  size_t key_size = 0;
  size_t size = 0;
  uint32_t flags = 0;
  memcached_return_t rc = MEMCACHED_FAILURE;
  bool right = true;
  while (char* const value =
             memcached_fetch(bench.bare, key, &key_size, &size, &flags, &rc)) {
    values.emplace_back(value);
    right &= size == bench.value.size();
  }
  return right && values.size() == kBatch;
}

bool CacheGetMany(Bench& bench) {
  bool right = true;
  for (const auto& found : bench.cache.GetManyRaw(bench.NextBatch())) {
    right &= found && found->size() == bench.value.size();
  }
  return right;
}

bool CacheGetTimed(Bench& bench) {
  const Lookup<TimedBytes> found = bench.cache.GetTimedRaw(bench.NextPath());
  return found && found->value.size() == bench.value.size();
}

bool CacheGetManyTimed(Bench& bench) {
  bool right = true;
  for (const auto& found : bench.cache.GetManyTimedRaw(bench.NextBatch())) {
    right &= found && found->value.size() == bench.value.size();
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
  // libmemcached tells no ttl: beside the value alone.
  Register(bench, "get_timed/cache", CacheGetTimed);
  Register(bench, "get_timed/bare", BareGet);
  Register(bench, "get_hundred_timed/cache", CacheGetManyTimed);
  Register(bench, "get_hundred_timed/bare", BareGetMany);
  Register(bench, "set_over/cache", CacheSet);
  Register(bench, "set_over/bare", BareSet);
  Register(bench, "get_hundred/cache", CacheGetMany);
  Register(bench, "get_hundred/bare", BareGetMany);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) {
  using appcache::MemcacheCache;
  const char* const socket = std::getenv("APPCACHE_MEMCACHED_SOCKET");
  if (socket == nullptr) {
    std::fprintf(stderr,
                 "memcache_benchmark: APPCACHE_MEMCACHED_SOCKET names no "
                 "server's socket; run bench/memcache\n");
    return 2;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext(
      "peer", "libmemcached " + std::string(memcached_lib_version()));
  benchmark::AddCustomContext("compiler", __VERSION__);
#ifdef NDEBUG
  benchmark::AddCustomContext("optimized", "yes");
#else
  benchmark::AddCustomContext("optimized", "NO: build with -c opt");
#endif
  appcache::MemcacheCacheOptions options;
  options.servers[0].unix_path = socket;
  const std::unique_ptr<MemcacheCache> cache = *MemcacheCache::Open(options);
  memcached_st* const bare = memcached_create(nullptr);
  if (memcached_server_add_unix_socket(bare, socket) != MEMCACHED_SUCCESS ||
      memcached_version(bare) != MEMCACHED_SUCCESS) {
    std::fprintf(stderr, "memcache_benchmark: no server at %s\n", socket);
    return 3;
  }
  std::list<appcache::bench::Bench> benches;
  for (const size_t value_bytes : appcache::bench::kValueBytes) {
    appcache::bench::RegisterAll(
        benches.emplace_back(*cache, bare, value_bytes));
  }
  benchmark::RunSpecifiedBenchmarks();
  memcached_free(bare);
  benchmark::Shutdown();
  return 0;
}
