// Opens caches by URI, and uses each of them.
//
// Usage: open_by_uri URI...

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "appcache/open.h"

namespace {

// Returns whether the cache of the URI stores and returns a value.
bool UseUri(const char* uri) {
  auto opened = appcache::Open(uri);
  if (!opened.ok()) {
    std::fprintf(stderr, "open_by_uri: %s\n",
                 opened.status().ToString().c_str());
    return false;
  }
  const std::unique_ptr<appcache::Cache> cache = *std::move(opened);
  const appcache::Key<std::string> key("consumer", 1);
  const appcache::Status stored = cache->Set(key, "value");
  if (!stored.ok()) {
    std::fprintf(stderr, "open_by_uri: %s\n", stored.ToString().c_str());
    return false;
  }
  const auto read = cache->Get(key);
  if (!read || *read != "value") {
    std::fprintf(stderr, "open_by_uri: the stored value was not read\n");
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "Usage: open_by_uri URI...\n");
    return 2;
  }
  for (int i = 1; i < argc; ++i) {
    if (!UseUri(argv[i])) return 1;
  }
  std::printf("open_by_uri: %d caches work\n", argc - 1);
  return 0;
}
