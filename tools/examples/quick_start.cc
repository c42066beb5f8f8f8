// The quick start of README.md, which quotes the text between the two marks;
// tests/interface/readme_test.sh compares them.

// [quick start]
#include <iostream>

#include "appcache/sqlite_cache.h"

int main() {
  auto opened = appcache::SqliteCache::OpenFile("cache.db");
  if (!opened.ok()) {
    std::cerr << opened.status().ToString() << '\n';
    return 1;
  }
  const auto cache = *std::move(opened);

  const appcache::Key<std::string> ada("user", 7), grace("user", 8);
  const auto stored = cache->Set(ada, "Ada", std::chrono::hours(1));
  if (!stored.ok()) std::cerr << stored.ToString() << '\n';
  if (auto name = cache->Get(ada)) std::cout << *name << '\n';
  // A missing value is loaded by one caller at a time, and stored.
  std::cout << cache->GetVia(grace, [] { return "Grace"; }) << '\n';
}
// [/quick start]
