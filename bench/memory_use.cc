// The memory of a database in memory, for keys of 28 bytes and values of 256:
// full, and after nine of ten entries were removed.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appcache/sqlite_cache.h"
#include "bench/frame/program.h"

namespace appcache::bench {
namespace {

constexpr size_t kValueBytes = 256;
constexpr size_t kEntriesPerBatch = 100;
constexpr auto kReturnTime = std::chrono::seconds(2);

// 28 bytes, in no order.
std::string PathOf(size_t i, size_t entries) {
  const std::string number = std::to_string(i * 7919 % entries);
  return "pyappcache/item/" + std::string(12 - number.size(), '0') + number;
}

class MemoryUse {
 public:
  explicit MemoryUse(size_t entries) : entries_(entries) {
    SqliteCacheOptions options;
    options.max_entries = entries;
    cache_ = ValueOrFail(SqliteCache::OpenInMemory(options, "memory_use"));
  }

  void Run() {
    Fill();
    Must(cache_->Flush());
    Note("full");
    Remove();
    Note("90 % removed");
    std::this_thread::sleep_for(kReturnTime);
    Note("2 s later");
  }

 private:
  void Fill() {
    const std::string value(kValueBytes, 'v');
    for (size_t i = 0; i < entries_; i += kEntriesPerBatch) {
      std::vector<std::string> paths;
      std::vector<RawEntry> batch;
      const size_t end = std::min(i + kEntriesPerBatch, entries_);
      paths.reserve(end - i);
      for (size_t k = i; k < end; ++k) {
        batch.push_back({paths.emplace_back(PathOf(k, entries_)), value});
      }
      Must(cache_->backend()->SetManyRaw(batch));
    }
  }

  void Remove() {
    for (size_t i = 0; i < entries_ / 10 * 9; ++i) {
      Must(cache_->backend()->InvalidateRaw(PathOf(i, entries_)));
    }
  }

  void Note(std::string_view when) {
    const CacheStats stats = cache_->Stats();
    const double database = static_cast<double>(*stats.database_memory_bytes);
    const double log = static_cast<double>(*stats.log_memory_bytes);
    peak_ = std::max(peak_, database + log);
    std::printf("| %zu | %.*s | %.1f MB | %.1f MB | %.0f B, %.0f %% |\n",
                entries_, static_cast<int>(when.size()), when.data(),
                database / 1e6, log / 1e6,
                (database + log) / static_cast<double>(*stats.entries),
                100 * (database + log) / peak_);
  }

  const size_t entries_;
  std::unique_ptr<SqliteCache> cache_;
  double peak_ = 0;
};

int Main() {
  std::printf(
      "| entries | when | database | log | of an entry, of the peak |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const size_t entries : {10'000, 1'000'000}) MemoryUse(entries).Run();
  return 0;
}

}  // namespace
}  // namespace appcache::bench

int main() { return appcache::bench::Main(); }
