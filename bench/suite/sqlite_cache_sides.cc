// SqliteCache in memory, with everything resident, and in a file.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "appcache/sqlite_cache.h"
#include "bench/frame/program.h"
#include "bench/frame/temp_directory.h"
#include "bench/suite/cache_side.h"

namespace appcache::bench {
namespace {

SqliteCacheOptions OptionsFor(const Room& room) {
  SqliteCacheOptions options;
  options.max_entries = room.capacity();
  options.hash_seed = kHashSeed;
  // For a set that waits for a flush or a writer while the machine is busy.
  options.busy_timeout = std::chrono::minutes(1);
  options.resident_bytes = uint64_t{8} << 30;
  return options;
}

// `directory` may be null.
class SqliteCacheSide final : public CacheSide {
 public:
  SqliteCacheSide(std::unique_ptr<SqliteCache> cache,
                  std::unique_ptr<TempDirectory> directory)
      : CacheSide(std::move(cache)), directory_(std::move(directory)) {}

  bool Flush() override {
    return static_cast<SqliteCache&>(cache()).Flush().ok();
  }

 private:
  // Removed when the cache is still open, which then only closes its files.
  const std::unique_ptr<TempDirectory> directory_;
};

std::unique_ptr<Side> OpenMemory(const Room& room) {
  static std::atomic<int> opened{0};
  return std::make_unique<SqliteCacheSide>(
      ValueOrFail(SqliteCache::OpenInMemory(
          OptionsFor(room), "suite" + std::to_string(opened++))),
      nullptr);
}

std::unique_ptr<Side> OpenFile(const Room& room) {
  auto directory = std::make_unique<TempDirectory>();
  auto cache = ValueOrFail(
      SqliteCache::OpenFile(directory->Path("cache.db"), OptionsFor(room)));
  return std::make_unique<SqliteCacheSide>(std::move(cache),
                                           std::move(directory));
}

const AddSide kMemory({"appcache_memory", "memory", kCacheForms | kEvicts,
                       OpenMemory});
const AddSide kFile({"appcache_file", "file", kCacheForms | kEvicts, OpenFile});

}  // namespace
}  // namespace appcache::bench
