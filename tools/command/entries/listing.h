// appcache keys: lists the keys of a cache.

#ifndef APPCACHE_TOOLS_COMMAND_ENTRIES_LISTING_H_
#define APPCACHE_TOOLS_COMMAND_ENTRIES_LISTING_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tools/command/cache/open_cache.h"
#include "tools/command/entries/entries.h"

namespace appcache::command {

struct KeysOptions {
  CacheFlags cache;
  KeyFlags keys;
  std::optional<std::string> pattern;  // see Selection::Matching
  std::optional<uint64_t> limit;
  bool null = false;
  bool json = false;
};
// Prints the whole key paths in no particular order, each followed by a newline
// or a NUL. On a terminal, control characters are escaped.
int Keys(const KeysOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_ENTRIES_LISTING_H_
