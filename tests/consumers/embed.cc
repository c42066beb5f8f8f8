// Embeds the engine: a cache in memory and one in a file, without URIs.
//
// Usage: embed FILE

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "appcache/sqlite_cache.h"
#include "appcache/version.h"

namespace {

using appcache::Key;
using appcache::SqliteCache;

// Stores a value, reads it, and loads another one. Returns whether all worked.
bool UseCache(SqliteCache& cache, const char* name) {
  const Key<std::string> ada("user", 7), grace("user", 8);
  const appcache::Status stored =
      cache.Set(ada, "Ada", std::chrono::minutes(1));
  if (!stored.ok()) {
    std::fprintf(stderr, "embed: %s: %s\n", name, stored.ToString().c_str());
    return false;
  }
  const auto read = cache.Get(ada);
  if (!read || *read != "Ada") {
    std::fprintf(stderr, "embed: %s: the stored value was not read\n", name);
    return false;
  }
  const std::string loaded =
      cache.GetVia(grace, [] { return std::string("Grace"); });
  if (loaded != "Grace" || !cache.Get(grace)) {
    std::fprintf(stderr, "embed: %s: the loaded value was not stored\n", name);
    return false;
  }
  return true;
}

// Takes what an Open function returned.
bool UseOpened(appcache::Result<std::unique_ptr<SqliteCache>> opened,
               const char* name) {
  if (!opened.ok()) {
    std::fprintf(stderr, "embed: %s: %s\n", name,
                 opened.status().ToString().c_str());
    return false;
  }
  const std::unique_ptr<SqliteCache> cache = *std::move(opened);
  return UseCache(*cache, name);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: embed FILE\n");
    return 2;
  }
  if (!UseOpened(SqliteCache::OpenInMemory(), "memory")) return 1;
  if (!UseOpened(SqliteCache::OpenFile(argv[1]), "file")) return 1;
  std::printf("embed: appcache %s works\n", APPCACHE_VERSION);
  return 0;
}
