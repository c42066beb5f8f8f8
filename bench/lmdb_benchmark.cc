// LmdbCache beside bare LMDB: each in its own directory in memory (/dev/shm),
// with the same keys and values.

#include <lmdb.h>
#include <stdlib.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "appcache/lmdb_cache.h"
#include "bench/frame/backend_side.h"
#include "bench/frame/fixture_program.h"
#include "bench/frame/program.h"
#include "bench/frame/workload.h"

namespace appcache::bench {
namespace {

constexpr size_t kKeys = 10'000;
constexpr size_t kValueBytes[] = {16, 256, 4096};

// Removed by the destructor.
class Directory {
 public:
  Directory() {
    Must(mkdtemp(path_.data()) != nullptr, "cannot create " + path_);
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/appcache-bench-XXXXXX";
};

void Check(int rc) {
  if (rc != 0) Fail(mdb_strerror(rc));
}

MDB_val ToVal(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

// The usual way to use LMDB: one table, and one read transaction that is reset
// and renewed.
class BareLmdb {
 public:
  explicit BareLmdb(Workload& workload) : workload_(workload) {
    Check(mdb_env_create(&env_));
    Check(mdb_env_set_mapsize(env_, LmdbCacheOptions().max_bytes));
    Check(mdb_env_open(env_, directory_.path().c_str(),
                       MDB_NOTLS | MDB_NOMETASYNC, 0600));
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

  void Fill() {
    for (const std::string& path : workload_.paths()) {
      Must(Put(path), "bare LMDB: a put failed");
    }
  }

  bool Get() {
    if (mdb_txn_renew(reader_) != 0) return false;
    const bool is_hit = Copy(workload_.NextPath());
    mdb_txn_reset(reader_);
    return is_hit;
  }

  bool GetMany() {
    if (mdb_txn_renew(reader_) != 0) return false;
    bool are_hits = true;
    for (const std::string_view path : workload_.NextBatch()) {
      are_hits &= Copy(path);
    }
    mdb_txn_reset(reader_);
    return are_hits;
  }

  bool Set() { return Put(workload_.NextPath()); }

 private:
  // Copies the value. Returns whether there is one, of the expected size.
  bool Copy(std::string_view path) {
    MDB_val key = ToVal(path);
    MDB_val data;
    if (mdb_get(reader_, table_, &key, &data) != 0) return false;
    const std::string value(static_cast<const char*>(data.mv_data),
                            data.mv_size);
    benchmark::DoNotOptimize(value.data());
    return value.size() == workload_.value().size();
  }

  bool Put(std::string_view path) {
    MDB_txn* txn = nullptr;
    if (mdb_txn_begin(env_, nullptr, 0, &txn) != 0) return false;
    MDB_val key = ToVal(path);
    MDB_val data = ToVal(workload_.value());
    if (mdb_put(txn, table_, &key, &data, 0) == 0) {
      return mdb_txn_commit(txn) == 0;
    }
    mdb_txn_abort(txn);
    return false;
  }

  const Directory directory_;
  Workload& workload_;
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
  MDB_txn* reader_ = nullptr;
};

struct Fixture {
  explicit Fixture(size_t value_bytes)
      : workload("pyappcache/item/", kKeys, value_bytes),
        cache(ValueOrFail(LmdbCache::Open(cache_directory.path()))->backend(),
              workload, kNoTtl),
        bare(workload) {
    cache.Fill(kNoTtl);
    bare.Fill();
  }

  const Directory cache_directory;
  Workload workload;
  BackendSide cache;
  BareLmdb bare;
};

void Register(const FixtureCases<Fixture>& cases) {
  cases.Add("get_hit", "cache", [](Fixture& f) { return f.cache.Get(); });
  cases.Add("get_hit", "bare", [](Fixture& f) { return f.bare.Get(); });
  cases.Add("get_hundred", "cache",
            [](Fixture& f) { return f.cache.GetMany(); });
  cases.Add("get_hundred", "bare", [](Fixture& f) { return f.bare.GetMany(); });
  cases.Add("set_over", "cache", [](Fixture& f) { return f.cache.Set(); });
  cases.Add("set_over", "bare", [](Fixture& f) { return f.bare.Set(); });
}

int Run(int argc, char** argv) {
  return RunFixtureProgram(argc, argv, mdb_version(nullptr, nullptr, nullptr),
                           "memory", kValueBytes, Register);
}

}  // namespace
}  // namespace appcache::bench

int main(int argc, char** argv) { return appcache::bench::Run(argc, argv); }
