// LmdbCache beside bare LMDB: each in a directory of its own in memory
// (/dev/shm), with the same keys and values, in one run.

#include <benchmark/benchmark.h>
#include <lmdb.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "adapters/lmdb/lmdb_cache.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 10'000;
constexpr size_t kBatch = 100;
constexpr size_t kValueBytes[] = {16, 256, 4096};

// Gone with the object.
class Directory {
 public:
  Directory() {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/appcache-bench-XXXXXX";
};

void Check(int rc) {
  if (rc == 0) return;
  std::fprintf(stderr, "lmdb_benchmark: %s\n", mdb_strerror(rc));
  std::abort();
}

MDB_val ToVal(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

// As a program that uses LMDB has it: one table, one read transaction that is
// reset and renewed.
class BareLmdb {
 public:
  explicit BareLmdb(const std::string& directory) {
    Check(mdb_env_create(&env_));
    Check(mdb_env_set_mapsize(env_, LmdbCacheOptions().max_bytes));
    Check(mdb_env_open(env_, directory.c_str(), MDB_NOTLS | MDB_NOMETASYNC,
                       0600));
    MDB_txn* txn = nullptr;
    Check(mdb_txn_begin(env_, nullptr, 0, &txn));
    Check(mdb_dbi_open(txn, nullptr, 0, &table_));
    Check(mdb_txn_commit(txn));
    Check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_));
    mdb_txn_reset(reader_);
  }
  ~BareLmdb() {
    mdb_txn_abort(reader_);
    mdb_env_close(env_);
  }
  BareLmdb(const BareLmdb&) = delete;
  BareLmdb& operator=(const BareLmdb&) = delete;

  bool Set(std::string_view path, std::string_view value) {
    MDB_txn* txn = nullptr;
    if (mdb_txn_begin(env_, nullptr, 0, &txn) != 0) return false;
    MDB_val key = ToVal(path);
    MDB_val data = ToVal(value);
    if (mdb_put(txn, table_, &key, &data, 0) == 0) {
      return mdb_txn_commit(txn) == 0;
    }
    mdb_txn_abort(txn);
    return false;
  }

  // The size of the value, copied; 0 if there is none.
  size_t Get(std::string_view path) {
    if (mdb_txn_renew(reader_) != 0) return 0;
    const size_t size = Copy(path);
    mdb_txn_reset(reader_);
    return size;
  }

  bool GetMany(std::span<const std::string_view> paths, size_t size) {
    if (mdb_txn_renew(reader_) != 0) return false;
    bool right = true;
    for (const std::string_view path : paths) right &= Copy(path) == size;
    mdb_txn_reset(reader_);
    return right;
  }

 private:
  size_t Copy(std::string_view path) {
    MDB_val key = ToVal(path);
    MDB_val data;
    if (mdb_get(reader_, table_, &key, &data) != 0) return 0;
    const std::string value(static_cast<const char*>(data.mv_data),
                            data.mv_size);
    benchmark::DoNotOptimize(value.data());
    return value.size();
  }

  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
  MDB_txn* reader_ = nullptr;
};

// Both sides with values of one size.
class Bench {
 public:
  explicit Bench(size_t value_bytes)
      : value(value_bytes, 'v'),
        cache(*LmdbCache::Open(cache_directory_.path())),
        bare(bare_directory_.path()) {
    for (size_t i = 0; i < kKeys; ++i) {
      paths_.push_back("pyappcache/item/" + std::to_string(1'000'000 + i));
      if (!cache->SetRaw(paths_[i], value, kNoTtl).ok() ||
          !bare.Set(paths_[i], value)) {
        std::abort();
      }
    }
    views_.assign(paths_.begin(), paths_.end());
  }

  std::string_view NextPath() { return paths_[next_++ * 7919 % kKeys]; }
  std::span<const std::string_view> NextBatch() {
    return std::span(views_).subspan(next_++ * kBatch % kKeys, kBatch);
  }

 private:
  const Directory cache_directory_;
  const Directory bare_directory_;

 public:
  const std::string value;
  const std::unique_ptr<LmdbCache> cache;
  BareLmdb bare;

 private:
  std::vector<std::string> paths_;
  std::vector<std::string_view> views_;
  size_t next_ = 0;
};

bool BareGet(Bench& bench) {
  return bench.bare.Get(bench.NextPath()) == bench.value.size();
}

bool CacheGet(Bench& bench) {
  const Lookup<Bytes> found = bench.cache->GetRaw(bench.NextPath());
  return found && found->size() == bench.value.size();
}

bool BareGetMany(Bench& bench) {
  return bench.bare.GetMany(bench.NextBatch(), bench.value.size());
}

bool CacheGetMany(Bench& bench) {
  bool right = true;
  for (const auto& found : bench.cache->GetManyRaw(bench.NextBatch())) {
    right &= found && found->size() == bench.value.size();
  }
  return right;
}

bool BareSet(Bench& bench) {
  return bench.bare.Set(bench.NextPath(), bench.value);
}

bool CacheSet(Bench& bench) {
  return bench.cache->SetRaw(bench.NextPath(), bench.value, kNoTtl).ok();
}

using Operation = bool (*)(Bench& bench);

void Register(Bench& bench, const std::string& name, Operation operation) {
#ifdef __clang_analyzer__
  // It takes what benchmark.h hands over to its registry for a leak.
  (void)bench, (void)name, (void)operation;
#else
  benchmark::RegisterBenchmark(
      (name + "/memory/" + std::to_string(bench.value.size())).c_str(),
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
  Register(bench, "get_hundred/cache", CacheGetMany);
  Register(bench, "get_hundred/bare", BareGetMany);
  Register(bench, "set_over/cache", CacheSet);
  Register(bench, "set_over/bare", BareSet);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("peer", mdb_version(nullptr, nullptr, nullptr));
  benchmark::AddCustomContext("compiler", __VERSION__);
#ifdef NDEBUG
  benchmark::AddCustomContext("optimized", "yes");
#else
  benchmark::AddCustomContext("optimized", "NO: build with -c opt");
#endif
  std::list<appcache::bench::Bench> benches;
  for (const size_t value_bytes : appcache::bench::kValueBytes) {
    appcache::bench::RegisterAll(benches.emplace_back(value_bytes));
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
