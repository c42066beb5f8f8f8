// RocksDB's caches of blocks: LRUCache, of 64 shards with a mutex, a hash table
// and an LRU list each, and HyperClockCache, which has no locks. And RocksDB
// itself as a store in files.

#include <benchmark/benchmark.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bench/frame/program.h"
#include "bench/frame/temp_directory.h"
#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

constexpr int kShardBits = 6;

rocksdb::Slice SliceOf(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

// The key as LRUCache takes it.
class WholeKey {
 public:
  explicit WholeKey(const Item& item) : slice_(SliceOf(item.path())) {}
  const rocksdb::Slice& slice() const { return slice_; }

 private:
  const rocksdb::Slice slice_;
};

// The key as HyperClockCache takes it: 16 bytes, and so a hash. Like a program
// with longer keys, it cannot tell two keys with the same hash apart.
class HashedKey {
 public:
  explicit HashedKey(const Item& item) {
    const XXH128_hash_t hash =
        XXH3_128bits(item.path().data(), item.path().size());
    std::memcpy(bytes_, &hash, sizeof bytes_);
  }
  rocksdb::Slice slice() const { return {bytes_, sizeof bytes_}; }

 private:
  char bytes_[16];
};

// A get takes a handle and releases it. Every entry is charged one.
template <class Key>
class CachePeer final : public SharedSide {
 public:
  explicit CachePeer(std::shared_ptr<rocksdb::Cache> cache)
      : cache_(std::move(cache)) {}

  size_t Get(const Item& item) override {
    return Read(item, [](const std::string& value) {
      benchmark::DoNotOptimize(value[0]);
    });
  }
  size_t Copy(const Item& item) override {
    std::string copy;
    const size_t size =
        Read(item, [&](const std::string& value) { copy = value; });
    benchmark::DoNotOptimize(copy.data());
    return size;
  }
  bool Set(const Item& item, std::string_view value) override {
    auto stored = std::make_unique<std::string>(value);
    const Key key(item);
    if (!cache_->Insert(key.slice(), stored.get(), 1, &Delete).ok()) {
      return false;
    }
    stored.release();
    return true;
  }
  bool Remove(const Item& item) override {
    const Key key(item);
    cache_->Erase(key.slice());
    return true;
  }

 private:
  static void Delete(const rocksdb::Slice&, void* value) {
    delete static_cast<std::string*>(value);
  }

  template <class Use>
  size_t Read(const Item& item, const Use& use) {
    const Key key(item);
    rocksdb::Cache::Handle* const handle = cache_->Lookup(key.slice());
    if (handle == nullptr) return 0;
    const auto& value = *static_cast<const std::string*>(cache_->Value(handle));
    use(value);
    const size_t size = value.size();
    cache_->Release(handle);
    return size;
  }

  const std::shared_ptr<rocksdb::Cache> cache_;
};

std::unique_ptr<Side> OpenLru(const Room& room) {
  return std::make_unique<CachePeer<WholeKey>>(rocksdb::NewLRUCache(
      room.capacity(), kShardBits, /*strict_capacity_limit=*/false,
      /*high_pri_pool_ratio=*/0, /*memory_allocator=*/nullptr,
      /*use_adaptive_mutex=*/false, rocksdb::kDontChargeCacheMetadata));
}

std::unique_ptr<Side> OpenClock(const Room& room) {
  const rocksdb::HyperClockCacheOptions options(
      room.capacity(), /*estimated_entry_charge=*/1, kShardBits,
      /*strict_capacity_limit=*/false, /*memory_allocator=*/nullptr,
      rocksdb::kDontChargeCacheMetadata);
  return std::make_unique<CachePeer<HashedKey>>(options.MakeSharedCache());
}

// With its default options: writes go to the log, which is not synced. A get
// pins the value.
class StorePeer final : public SharedSide {
 public:
  explicit StorePeer(const Room&) {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened =
        rocksdb::DB::Open(options, directory_.Path("db"), &db);
    Must(opened.ok(), opened.ToString());
    db_.reset(db);
  }

  size_t Get(const Item& item) override {
    rocksdb::PinnableSlice value;
    if (!Read(item, &value).ok()) return 0;
    benchmark::DoNotOptimize(value.data()[0]);
    return value.size();
  }
  size_t Copy(const Item& item) override {
    std::string value;
    if (!db_->Get({}, SliceOf(item.path()), &value).ok()) return 0;
    benchmark::DoNotOptimize(value.data());
    return value.size();
  }
  bool Set(const Item& item, std::string_view value) override {
    return db_->Put({}, SliceOf(item.path()), SliceOf(value)).ok();
  }
  bool Remove(const Item& item) override {
    return db_->Delete({}, SliceOf(item.path())).ok();
  }

 private:
  rocksdb::Status Read(const Item& item, rocksdb::PinnableSlice* value) {
    return db_->Get({}, db_->DefaultColumnFamily(), SliceOf(item.path()),
                    value);
  }

  const TempDirectory directory_;
  std::unique_ptr<rocksdb::DB> db_;
};

const AddSide kLru({"rocksdb_lru", "memory", kCopy | kEvicts | kWrites,
                    OpenLru});
const AddSide kClock({"rocksdb_clock", "memory", kCopy | kEvicts | kWrites,
                      OpenClock});
const AddSide kStore({"rocksdb_store", "file", kCopy | kWrites,
                      OpenSide<StorePeer>});

}  // namespace
}  // namespace appcache::bench
