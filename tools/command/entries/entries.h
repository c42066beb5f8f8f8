// appcache get, set, del, ttl, expire: operations on single entries.

#ifndef APPCACHE_TOOLS_COMMAND_ENTRIES_ENTRIES_H_
#define APPCACHE_TOOLS_COMMAND_ENTRIES_ENTRIES_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcache/backend.h"
#include "appcache/cache.h"
#include "appcache/error.h"
#include "tools/command/cache/open_cache.h"

namespace appcache::command {

// How a KEY is turned into a key path.
struct KeyFlags {
  std::optional<std::string> prefix;  // no value: the prefix of the cache
  bool whole_path = false;            // a KEY is the whole key path
};

std::string PathOf(const KeyFlags& flags, const Cache& cache,
                   std::string_view key);

struct GetOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::string key;
  bool raw = false;
  bool json = false;
};
// Prints the value, decompressed. On a terminal, quotes and escapes it unless
// `raw` is set. Returns kMiss when there is no entry.
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

// Removes the entries and returns how many of them existed. Checks that by the
// ttl where the backend supports ttl queries, which reads no value, otherwise
// by a get. Stops at the first error.
Result<uint64_t> RemoveAll(Backend& backend,
                           const std::vector<std::string>& paths);

struct DelOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::vector<std::string> names;
  // In place of names: see Selection::Matching.
  std::optional<std::string> pattern;
  bool dry_run = false;  // only counts; needs a pattern
  bool json = false;
};
// Prints the number of removed entries. Returns kDone also when it is 0.
int Del(const DelOptions& options);

struct TtlOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::string key;
  bool json = false;
};
// Prints the remaining seconds, or "never". Returns kMiss when there is no
// entry.
int Ttl(const TtlOptions& options);

struct ExpireOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::string key;
  std::chrono::milliseconds ttl{0};  // 0: never
  bool json = false;
};
// Gives the entry another ttl. Returns kMiss when there is no entry.
int Expire(const ExpireOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_ENTRIES_ENTRIES_H_
