// appcache keys: what is in a cache.

#ifndef APPCACHE_TOOLS_COMMAND_LISTING_H_
#define APPCACHE_TOOLS_COMMAND_LISTING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tools/command/open_cache.h"

namespace appcache::command {

struct KeysOptions {
  CacheFlags cache;
  std::string prefix;  // of the whole key path
  std::optional<uint64_t> limit;
  bool null = false;
  bool json = false;
};
// Prints whole key paths, in no particular order, a line each, or with a NUL
// after each. On a terminal, control characters are escaped.
int Keys(const KeysOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_LISTING_H_
