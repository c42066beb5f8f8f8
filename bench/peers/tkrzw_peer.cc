// Tkrzw's CacheDBM: 32 shards, each a mutex, a hash table and an LRU list.

#include <benchmark/benchmark.h>
#include <tkrzw_dbm_cache.h>

#include <memory>
#include <string>

#include "bench/peers/peer.h"

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

class TkrzwPeer final : public Peer {
 public:
  // No limit of memory.
  explicit TkrzwPeer(size_t capacity)
      : cache_(static_cast<int64_t>(capacity), int64_t{1} << 40) {}

  size_t View(std::string_view path) override {
    Viewer viewer;
    cache_.Process(path, &viewer, /*writable=*/false);
    return viewer.size;
  }
  size_t Copy(std::string_view path) override {
    std::string value;
    const size_t size = CopyInto(path, value);
    benchmark::DoNotOptimize(value.data());
    return size;
  }
  size_t CopyInto(std::string_view path, std::string& value) override {
    return cache_.Get(path, &value).IsOK() ? value.size() : 0;
  }
  bool Set(std::string_view path, std::string_view value) override {
    return cache_.Set(path, value).IsOK();
  }
  bool Remove(std::string_view path) override {
    return cache_.Remove(path).IsOK();
  }

 private:
  tkrzw::CacheDBM cache_;
};

const AddPeer kAdded({"tkrzw", kView | kCopy | kCopyInto | kWrites,
                      [](size_t capacity) -> std::unique_ptr<Peer> {
                        return std::make_unique<TkrzwPeer>(capacity);
                      }});

}  // namespace
}  // namespace appcache::bench
