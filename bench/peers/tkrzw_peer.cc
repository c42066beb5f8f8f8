// Tkrzw's CacheDBM: 32 shards, each a mutex, a hash table and an LRU list.

#include <benchmark/benchmark.h>
#include <tkrzw_dbm_cache.h>

#include <string>
#include <string_view>

#include "bench/suite/side.h"

namespace appcache::bench {
namespace {

class Viewer final : public tkrzw::DBM::RecordProcessor {
 public:
  std::string_view ProcessFull(std::string_view,
                               std::string_view value) override {
    benchmark::DoNotOptimize(value.data()[0]);
    size = value.size();
    return NOOP;
  }
  size_t size = 0;
};

class TkrzwPeer final : public SharedSide {
 public:
  // No limit of memory.
  explicit TkrzwPeer(const Room& room)
      : cache_(static_cast<int64_t>(room.capacity()), int64_t{1} << 40) {}

  size_t Get(const Item& item) override {
    thread_local std::string value;
    return CopyTo(value, item);
  }
  size_t View(const Item& item) override {
    Viewer viewer;
    cache_.Process(item.path(), &viewer, /*writable=*/false);
    return viewer.size;
  }
  size_t Copy(const Item& item) override {
    std::string value;
    return CopyTo(value, item);
  }
  bool Set(const Item& item, std::string_view value) override {
    return cache_.Set(item.path(), value).IsOK();
  }
  bool Remove(const Item& item) override {
    return cache_.Remove(item.path()).IsOK();
  }

 private:
  size_t CopyTo(std::string& value, const Item& item) {
    if (!cache_.Get(item.path(), &value).IsOK()) return 0;
    benchmark::DoNotOptimize(value.data()[0]);
    return value.size();
  }

  tkrzw::CacheDBM cache_;
};

const AddSide kAdded({"tkrzw", "memory", kView | kCopy | kEvicts | kWrites,
                      OpenSide<TkrzwPeer>});

}  // namespace
}  // namespace appcache::bench
