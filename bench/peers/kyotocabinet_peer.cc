// Kyoto Cabinet's CacheDB: 16 shards, each a mutex, a hash table and an LRU
// list.

#include <benchmark/benchmark.h>
#include <kccachedb.h>

#include <string>
#include <string_view>

#include "bench/frame/program.h"
#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

class Viewer final : public kyotocabinet::DB::Visitor {
 public:
  const char* visit_full(const char*, size_t, const char* value,
                         size_t value_size, size_t*) override {
    benchmark::DoNotOptimize(value[0]);
    size = value_size;
    return NOP;
  }
  size_t size = 0;
};

class Assigner final : public kyotocabinet::DB::Visitor {
 public:
  explicit Assigner(std::string& copy) : copy_(copy) {}
  const char* visit_full(const char*, size_t, const char* value,
                         size_t value_size, size_t*) override {
    copy_.assign(value, value_size);
    size = value_size;
    return NOP;
  }
  size_t size = 0;

 private:
  std::string& copy_;
};

class KyotocabinetPeer final : public SharedSide {
 public:
  explicit KyotocabinetPeer(const Room& room) {
    using kyotocabinet::CacheDB;
    cache_.tune_buckets(static_cast<int64_t>(2 * room.entries));
    cache_.cap_count(static_cast<int64_t>(room.capacity()));
    Must(cache_.open("*", CacheDB::OWRITER | CacheDB::OCREATE),
         "cannot open a CacheDB of Kyoto Cabinet");
  }

  size_t Get(const Item& item) override {
    thread_local std::string value;
    return CopyTo(value, item);
  }
  size_t View(const Item& item) override {
    Viewer viewer;
    Accept(item, viewer);
    return viewer.size;
  }
  size_t Copy(const Item& item) override {
    std::string value;
    return CopyTo(value, item);
  }
  bool Set(const Item& item, std::string_view value) override {
    const std::string_view path = item.path();
    return cache_.set(path.data(), path.size(), value.data(), value.size());
  }
  bool Remove(const Item& item) override {
    const std::string_view path = item.path();
    return cache_.remove(path.data(), path.size());
  }

 private:
  void Accept(const Item& item, kyotocabinet::DB::Visitor& visitor) {
    const std::string_view path = item.path();
    cache_.accept(path.data(), path.size(), &visitor, /*writable=*/false);
  }

  size_t CopyTo(std::string& value, const Item& item) {
    Assigner assigner(value);
    Accept(item, assigner);
    benchmark::DoNotOptimize(value.data());
    return assigner.size;
  }

  kyotocabinet::CacheDB cache_;
};

const AddSide kAdded({"kyotocabinet", "memory",
                      kView | kCopy | kEvicts | kWrites,
                      OpenSide<KyotocabinetPeer>});

}  // namespace
}  // namespace appcache::bench
