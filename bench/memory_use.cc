// The memory of a database in memory, for keys of 28 bytes.
//
// First what an entry occupies beyond its key, its value and SQLite's copy when
// all are resident: what the cache reports, and what the resident set has grown
// by. Then the memory of SQLite, with values of 256 bytes: full, and after nine
// of ten entries were removed.

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
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
// For a set that waits for a flush while the machine is busy.
constexpr auto kPatience = std::chrono::minutes(1);

// 28 bytes, in no order.
std::string PathOf(size_t i, size_t entries) {
  const std::string number = std::to_string(i * 7919 % entries);
  return "pyappcache/item/" + std::string(12 - number.size(), '0') + number;
}

// Stores the entries in batches.
void Fill(SqliteCache& cache, size_t entries, size_t value_bytes) {
  const std::string value(value_bytes, 'v');
  for (size_t i = 0; i < entries; i += kEntriesPerBatch) {
    std::vector<std::string> paths;
    std::vector<RawEntry> batch;
    const size_t end = std::min(i + kEntriesPerBatch, entries);
    paths.reserve(end - i);
    for (size_t k = i; k < end; ++k) {
      batch.push_back({paths.emplace_back(PathOf(k, entries)), value});
    }
    Must(cache.backend()->SetManyRaw(batch));
  }
  Must(cache.Flush());
}

// The resident set of this process.
double ResidentBytes() {
  size_t total = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident) *
         static_cast<double>(sysconf(_SC_PAGESIZE));
}

class MemoryUse {
 public:
  explicit MemoryUse(size_t entries) : entries_(entries) {
    SqliteCacheOptions options;
    options.max_entries = entries;
    options.busy_timeout = kPatience;
    cache_ = ValueOrFail(SqliteCache::OpenInMemory(options, "memory_use"));
  }

  void Run() {
    Fill(*cache_, entries_, kValueBytes);
    Note("full");
    Remove();
    Note("90 % removed");
    std::this_thread::sleep_for(kReturnTime);
    Note("2 s later");
  }

 private:
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

// Prints what an entry occupies beyond its key and value, SQLite's copy apart.
void PrintBeyond(size_t entries, size_t value_bytes) {
  malloc_trim(0);
  const double before = ResidentBytes();
  SqliteCacheOptions options;
  options.max_entries = entries;
  options.busy_timeout = kPatience;
  options.resident_bytes = uint64_t{1} << 40;
  const auto cache =
      ValueOrFail(SqliteCache::OpenInMemory(options, "memory_beyond"));
  Fill(*cache, entries, value_bytes);
  std::this_thread::sleep_for(kReturnTime);
  malloc_trim(0);
  const CacheStats stats = cache->Stats();
  const auto per_entry = [&](double bytes) {
    return bytes / static_cast<double>(*stats.entries);
  };
  const double content = static_cast<double>(*stats.bytes);
  const double sqlite = static_cast<double>(*stats.database_memory_bytes +
                                            *stats.log_memory_bytes);
  std::printf(
      "| %zu | %zu B | %.1f B | %.1f B | %.1f B | %.1f B |\n", entries,
      value_bytes, per_entry(static_cast<double>(*stats.directory_bytes)),
      per_entry(static_cast<double>(*stats.retired_bytes)), per_entry(sqlite),
      per_entry(ResidentBytes() - before - content - sqlite));
}

int Main() {
  std::printf(
      "| entries | value | directory | retired | SQLite |"
      " beyond keys, values and SQLite |\n|---|---|---|---|---|---|\n");
  for (const size_t value_bytes : {100, 256}) {
    PrintBeyond(1'000'000, value_bytes);
  }
  std::printf(
      "\n| entries | when | database | log | of an entry, of the peak |\n");
  std::printf("|---|---|---|---|---|\n");
  for (const size_t entries : {10'000, 1'000'000}) MemoryUse(entries).Run();
  return 0;
}

}  // namespace
}  // namespace appcache::bench

int main() { return appcache::bench::Main(); }
