// Bare LMDB: one table, and a read transaction of each thread that is reset and
// renewed. The flags are those of LmdbCache: a commit does not sync the page
// that refers to it.

#include <benchmark/benchmark.h>
#include <lmdb.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bench/frame/program.h"
#include "bench/frame/temp_directory.h"
#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

constexpr unsigned kMaxReaders = 126;

void Check(int rc) {
  if (rc != 0) Fail(std::string("LMDB: ") + mdb_strerror(rc));
}

MDB_val ToVal(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

class Reader final : public Session {
 public:
  Reader(MDB_env* env, MDB_dbi table) : env_(env), table_(table) {
    Check(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn_));
    mdb_txn_reset(txn_);
  }
  ~Reader() override { mdb_txn_abort(txn_); }

  size_t Get(const Item& item) override {
    return Read(item, [this](std::string_view value) { value_.assign(value); });
  }
  size_t View(const Item& item) override {
    return Read(item, [](std::string_view value) {
      benchmark::DoNotOptimize(value[0]);
    });
  }
  size_t Copy(const Item& item) override {
    return Read(item, [](std::string_view value) {
      const std::string copy(value);
      benchmark::DoNotOptimize(copy.data());
    });
  }

  // One transaction.
  size_t GetMany(std::span<const Item* const> items) override {
    Check(mdb_txn_renew(txn_));
    size_t size = 0;
    for (const Item* const item : items) {
      const std::string_view value = Find(*item);
      value_.assign(value);
      size += value.size();
    }
    mdb_txn_reset(txn_);
    return size;
  }

  bool Set(const Item& item, std::string_view value) override {
    return Write([&](MDB_txn* txn) { Put(txn, item, value); });
  }
  bool SetEvict(const Item& item, std::string_view value,
                const Item& victim) override {
    return Write([&](MDB_txn* txn) {
      Delete(txn, victim);
      Put(txn, item, value);
    });
  }
  bool Remove(const Item& item) override {
    return Write([&](MDB_txn* txn) { Delete(txn, item); });
  }

  void PutAll(std::span<const Item> items, std::string_view value) {
    Write([&](MDB_txn* txn) {
      for (const Item& item : items) Put(txn, item, value);
    });
  }

 private:
  // Without data if there is no entry.
  std::string_view Find(const Item& item) {
    MDB_val key = ToVal(item.path());
    MDB_val data;
    const int rc = mdb_get(txn_, table_, &key, &data);
    if (rc == MDB_NOTFOUND) return {};
    Check(rc);
    return {static_cast<const char*>(data.mv_data), data.mv_size};
  }

  template <class Use>
  size_t Read(const Item& item, const Use& use) {
    Check(mdb_txn_renew(txn_));
    const std::string_view value = Find(item);
    if (value.data() != nullptr) use(value);
    mdb_txn_reset(txn_);
    return value.size();
  }

  template <class Changes>
  bool Write(const Changes& changes) {
    MDB_txn* txn = nullptr;
    Check(mdb_txn_begin(env_, nullptr, 0, &txn));
    changes(txn);
    return mdb_txn_commit(txn) == 0;
  }

  void Put(MDB_txn* txn, const Item& item, std::string_view value) {
    MDB_val key = ToVal(item.path());
    MDB_val data = ToVal(value);
    Check(mdb_put(txn, table_, &key, &data, 0));
  }

  void Delete(MDB_txn* txn, const Item& item) {
    MDB_val key = ToVal(item.path());
    const int rc = mdb_del(txn, table_, &key, nullptr);
    if (rc != MDB_NOTFOUND) Check(rc);
  }

  MDB_env* const env_;
  const MDB_dbi table_;
  MDB_txn* txn_ = nullptr;
  std::string value_;  // of the last Get
};

class LmdbPeer final : public ConnectedSide {
 public:
  explicit LmdbPeer(const Room& room) {
    Check(mdb_env_create(&env_));
    Check(mdb_env_set_mapsize(env_, room.ample_bytes()));
    Check(mdb_env_set_maxreaders(env_, kMaxReaders));
    Check(mdb_env_open(env_, directory_.Path("").c_str(),
                       MDB_NOTLS | MDB_NOMETASYNC, 0600));
    MDB_txn* txn = nullptr;
    Check(mdb_txn_begin(env_, nullptr, 0, &txn));
    Check(mdb_dbi_open(txn, nullptr, 0, &table_));
    Check(mdb_txn_commit(txn));
  }
  ~LmdbPeer() override {
    Disconnect();
    mdb_env_close(env_);
  }

  void Fill(std::span<const Item> items, std::string_view value) override {
    constexpr size_t kBatch = 1'000;
    auto& session = static_cast<Reader&>(SessionOf(0));
    for (size_t first = 0; first < items.size(); first += kBatch) {
      const size_t count = std::min(kBatch, items.size() - first);
      session.PutAll(items.subspan(first, count), value);
    }
  }

 private:
  std::unique_ptr<Session> Connect() override {
    return std::make_unique<Reader>(env_, table_);
  }

  const TempDirectory directory_;
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
};

const AddSide kAdded({"lmdb", "file", kView | kCopy | kEvicts | kWrites,
                      OpenSide<LmdbPeer>});

}  // namespace
}  // namespace appcache::bench
