// RocksDB's LRUCache: 64 shards, each a mutex, a hash table and an LRU list.

#include <benchmark/benchmark.h>
#include <rocksdb/cache.h>

#include <memory>
#include <string>

#include "bench/peers/peer.h"

namespace appcache::bench {
namespace {

constexpr int kShardBits = 6;

class RocksdbPeer final : public Peer {
 public:
  // Every entry is charged one.
  explicit RocksdbPeer(size_t capacity)
      : cache_(rocksdb::NewLRUCache(
            capacity, kShardBits, /*strict_capacity_limit=*/false,
            /*high_pri_pool_ratio=*/0, /*memory_allocator=*/nullptr,
            /*use_adaptive_mutex=*/false, rocksdb::kDontChargeCacheMetadata)) {}

  size_t Share(std::string_view path) override {
    return Read(path, [](const std::string& value) {
      benchmark::DoNotOptimize(value[0]);
    });
  }
  size_t Copy(std::string_view path) override {
    std::string copy;
    const size_t size = CopyInto(path, copy);
    benchmark::DoNotOptimize(copy.data());
    return size;
  }
  size_t CopyInto(std::string_view path, std::string& copy) override {
    return Read(path, [&](const std::string& value) { copy = value; });
  }
  bool Set(std::string_view path, std::string_view value) override {
    auto stored = std::make_unique<std::string>(value);
    if (!cache_->Insert(SliceOf(path), stored.get(), 1, &Delete).ok()) {
      return false;
    }
    stored.release();
    return true;
  }
  bool Remove(std::string_view path) override {
    cache_->Erase(SliceOf(path));
    return true;
  }

 private:
  static rocksdb::Slice SliceOf(std::string_view path) {
    return {path.data(), path.size()};
  }
  static void Delete(const rocksdb::Slice&, void* value) {
    delete static_cast<std::string*>(value);
  }

  template <class Use>
  size_t Read(std::string_view path, const Use& use) {
    rocksdb::Cache::Handle* const handle = cache_->Lookup(SliceOf(path));
    if (handle == nullptr) return 0;
    const auto& value = *static_cast<const std::string*>(cache_->Value(handle));
    use(value);
    const size_t size = value.size();
    cache_->Release(handle);
    return size;
  }

  const std::shared_ptr<rocksdb::Cache> cache_;
};

const AddPeer kAdded({"rocksdb", kShare | kCopy | kCopyInto | kWrites,
                      [](size_t capacity) -> std::unique_ptr<Peer> {
                        return std::make_unique<RocksdbPeer>(capacity);
                      }});

}  // namespace
}  // namespace appcache::bench
