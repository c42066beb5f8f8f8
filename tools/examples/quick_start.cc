// The quick start of README.md: what is between the two marks stands there word
// for word, which tests/interface/readme_test.sh checks.

// [quick start]
#include <iostream>

#include "appcache/sqlite_cache.h"

int main() {
  auto opened = appcache::SqliteCache::OpenFile("cache.db");
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 1;
  }
  appcache::Cache& cache = **opened;

  const appcache::Key<std::string> ada("user", 7), grace("user", 8);
  const auto stored = cache.Set(ada, "Ada", std::chrono::hours(1));
  if (!stored.ok()) std::cerr << stored.ToString() << '\n';
  if (auto name = cache.Get(ada)) std::cout << *name << '\n';
  // What is not there is loaded, by one caller at a time, and kept.
  std::cout << cache.GetVia(grace, [] { return "Grace"; }) << '\n';
}
// [/quick start]
