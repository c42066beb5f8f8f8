// What tests of the engine ask again and again.

#ifndef APPCACHE_TESTS_ENGINE_PROBE_H_
#define APPCACHE_TESTS_ENGINE_PROBE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "appcache/sqlite_cache.h"

namespace appcache {

using StringSet = std::set<std::string>;
using Strings = std::vector<std::string>;

// The cache; an exception, which ends the test, if it did not open.
inline std::unique_ptr<SqliteCache> Must(SqliteCache::Opened opened) {
  if (!opened.ok()) throw std::runtime_error(opened.status().ToString());
  return *std::move(opened);
}

inline void Set(SqliteCache& cache, std::string_view path,
                std::string_view value = "value", Ttl ttl = kNoTtl) {
  const Status status = cache.backend()->SetRaw(path, value, ttl);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

// The value, "<miss>", or the error.
inline std::string Get(SqliteCache& cache, std::string_view path) {
  const Lookup<Bytes> found = cache.backend()->GetRaw(path);
  if (found) return std::string(found->view());
  return found.has_error() ? found.status().ToString() : "<miss>";
}

// Without using them.
inline StringSet PathsIn(SqliteCache& cache) {
  StringSet paths;
  const Status status = cache.ForEachKey([&](const EntryInfo& info) {
    paths.insert(info.path);
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return paths;
}

// From the least to the most recently used, so far as SQLite knows.
inline Strings FlushedOrder(SqliteCache& cache) {
  std::map<TimePoint, std::string> by_use;
  const Status status = cache.ForEachKey([&](const EntryInfo& info) {
    by_use[info.last_used] = info.path;
    return true;
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  Strings paths;
  for (const auto& [time, path] : by_use) paths.push_back(path);
  return paths;
}

inline Strings ProblemsIn(SqliteCache& cache) {
  const Result<CheckReport> report = cache.Check();
  return report.ok() ? report->problems : Strings{report.status().ToString()};
}

}  // namespace appcache

#endif  // APPCACHE_TESTS_ENGINE_PROBE_H_
