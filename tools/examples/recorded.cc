// A program whose accesses can be recorded while it runs:
//
//   recorded app.record 20000 &
//   appcache record app.record app.oracleGeneral --sample 100%
//
// `appcache stats --recorder app.record` prints its statistics while it runs.
//
// It waits until somebody records, does that many requests to a cache of 1,000
// entries, and prints how many were hits.

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <thread>

#include "appcache/access_recorder.h"
#include "appcache/sqlite_cache.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: recorded RECORDER REQUESTS\n";
    return 2;
  }
  appcache::SqliteCacheOptions options;
  options.max_entries = 1000;
  // These two lines let `appcache record` record the cache at any time, and
  // `appcache stats` print its statistics.
  const auto recorder = appcache::AccessRecorder::Create(argv[1]);
  if (recorder.ok()) options.cache.recorder = *recorder;

  const auto opened = appcache::SqliteCache::OpenInMemory(options);
  for (const auto& status : {recorder.status(), opened.status()}) {
    if (status.ok()) continue;
    std::cerr << status.ToString() << '\n';
    return 1;
  }
  appcache::SqliteCache& cache = **opened;

  while (!(*recorder)->is_recording()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // 20,000 keys, of which some are requested much more often than others.
  std::mt19937_64 random(1);
  uint64_t hits = 0;
  const uint64_t requests = std::strtoull(argv[2], nullptr, 10);
  for (uint64_t i = 0; i < requests; ++i) {
    const double drawn = std::ldexp(static_cast<double>(random() >> 11), -53);
    const appcache::Key<std::string> page(
        "page", static_cast<int>(20000 * std::pow(drawn, 4)));
    if (cache.Get(page)) {
      ++hits;
    } else if (!cache.Set(page, std::string(100 + i % 100, 'x')).ok()) {
      return 1;
    }
  }
  std::cout << hits << " hits of " << requests << '\n';
}
