// Opens LmdbCaches, and keeps reads running.

#ifndef APPCACHE_TESTS_LMDB_OPEN_LMDB_H_
#define APPCACHE_TESTS_LMDB_OPEN_LMDB_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "appcache/lmdb_cache.h"
#include "tests/lmdb/interrupted_clock.h"

namespace appcache {

inline std::unique_ptr<LmdbCache> OpenLmdb(const std::string& directory,
                                           LmdbCacheOptions options = {}) {
  LmdbCache::Opened cache = LmdbCache::Open(directory, std::move(options));
  EXPECT_TRUE(cache.ok()) << cache.status().ToString();
  return cache.ok() ? *std::move(cache) : nullptr;
}

inline std::unique_ptr<LmdbCache> OpenLmdb(const std::string& directory,
                                           uint64_t max_bytes) {
  LmdbCacheOptions options;
  options.max_bytes = max_bytes;
  return OpenLmdb(directory, std::move(options));
}

inline std::string ValueIn(LmdbCache& cache, std::string_view path) {
  const Lookup<Bytes> found = cache.backend()->GetRaw(path);
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}

// A get of an entry that expires, which runs in a thread until this object is
// destroyed.
class BlockedRead {
 public:
  // `options` are those that the cache was opened with.
  BlockedRead(const std::string& directory, std::string path,
              LmdbCacheOptions options) {
    options.clock = std::make_shared<InterruptedClock>([this] {
      if (!is_open_) return;
      started_.count_down();
      may_end_.wait();
    });
    cache_ = OpenLmdb(directory, std::move(options));
    is_open_ = true;
    thread_ = std::thread([this, path = std::move(path)] {
      EXPECT_TRUE(cache_->backend()->GetRaw(path));
    });
    started_.wait();
  }
  ~BlockedRead() {
    may_end_.count_down();
    thread_.join();
  }

 private:
  std::atomic<bool> is_open_ = false;
  std::latch started_{1};
  std::latch may_end_{1};
  std::unique_ptr<LmdbCache> cache_;
  std::thread thread_;
};

}  // namespace appcache

#endif  // APPCACHE_TESTS_LMDB_OPEN_LMDB_H_
