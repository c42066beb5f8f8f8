// Kyoto Cabinet's CacheDB: 16 shards, each a mutex, a hash table and an LRU
// list.

#include <benchmark/benchmark.h>
#include <kccachedb.h>

#include <memory>
#include <string>

#include "bench/frame/program.h"
#include "bench/peers/peer.h"

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

class KyotocabinetPeer final : public Peer {
 public:
  explicit KyotocabinetPeer(size_t capacity) {
    using kyotocabinet::CacheDB;
    cache_.tune_buckets(static_cast<int64_t>(2 * capacity));
    cache_.cap_count(static_cast<int64_t>(capacity));
    Must(cache_.open("*", CacheDB::OWRITER | CacheDB::OCREATE),
         "cannot open a CacheDB of Kyoto Cabinet");
  }

  size_t View(std::string_view path) override {
    Viewer viewer;
    cache_.accept(path.data(), path.size(), &viewer, /*writable=*/false);
    return viewer.size;
  }
  size_t Copy(std::string_view path) override {
    std::string value;
    const size_t size = CopyInto(path, value);
    benchmark::DoNotOptimize(value.data());
    return size;
  }
  size_t CopyInto(std::string_view path, std::string& value) override {
    Assigner assigner(value);
    cache_.accept(path.data(), path.size(), &assigner, /*writable=*/false);
    return assigner.size;
  }
  bool Set(std::string_view path, std::string_view value) override {
    return cache_.set(path.data(), path.size(), value.data(), value.size());
  }
  bool Remove(std::string_view path) override {
    return cache_.remove(path.data(), path.size());
  }

 private:
  kyotocabinet::CacheDB cache_;
};

const AddPeer kAdded({"kyotocabinet", kView | kCopy | kCopyInto | kWrites,
                      [](size_t capacity) -> std::unique_ptr<Peer> {
                        return std::make_unique<KyotocabinetPeer>(capacity);
                      }});

}  // namespace
}  // namespace appcache::bench
