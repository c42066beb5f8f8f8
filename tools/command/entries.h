// appcache get, set, del, ttl: one entry, or a few.

#ifndef APPCACHE_TOOLS_COMMAND_ENTRIES_H_
#define APPCACHE_TOOLS_COMMAND_ENTRIES_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/command/open_cache.h"

namespace appcache::command {

// How KEYs become key paths.
struct KeyFlags {
  std::optional<std::string> prefix;  // none: that of the cache
  bool raw = false;                   // a KEY is the whole path
};

std::string PathOf(const KeyFlags& flags, const Cache& cache,
                   std::string_view key);

struct GetOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::string key;
  bool json = false;
};
// Prints the value as it was before compression.
int Get(const GetOptions& options);

struct SetOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::string key;
  std::string value;  // "-": standard input
  std::chrono::milliseconds ttl{0};
  bool compress = false;
  bool json = false;
};
int Set(const SetOptions& options);

// Removes what is under these key paths. How many entries there were: by the
// ttl where the cache tells it, for that reads no value. The first failure ends
// it.
Result<uint64_t> RemoveAll(Cache& cache, const std::vector<std::string>& paths);

struct DelOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::vector<std::string> names;
  bool json = false;
};
// Prints how many entries there were. Done also when there were none.
int Del(const DelOptions& options);

struct TtlOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::string key;
  bool json = false;
};
// Prints the seconds that are left, or "never".
int Ttl(const TtlOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_ENTRIES_H_
