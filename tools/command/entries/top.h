// appcache top: the largest, the least and the most recently used entries.

#ifndef APPCACHE_TOOLS_COMMAND_ENTRIES_TOP_H_
#define APPCACHE_TOOLS_COMMAND_ENTRIES_TOP_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "appcache/times.h"
#include "tools/command/cache/open_cache.h"
#include "tools/command/entries/selection.h"

namespace appcache::command {

enum class TopOrder {
  kSize,  // the largest first
  kAge,   // the least recently used first: the next to be evicted
  kUse,   // the most recently used first
};

// True when `a` is listed above `b`. Ties are broken by the key. REQUIRES: the
// last accesses are known, unless the order is kSize.
struct TopBetter {
  TopOrder order;
  bool operator()(const ListedEntry& a, const ListedEntry& b) const;
};

// The entries as a table of at most `width` columns; 0 means no limit.
std::string TopTable(std::span<const ListedEntry> entries, TimePoint now,
                     size_t width);

struct TopOptions {
  CacheFlags cache;
  TopOrder order = TopOrder::kSize;
  uint64_t limit = 20;
  // How often to redraw, on a terminal. No value: prints once.
  std::optional<std::chrono::milliseconds> watch;
  bool json = false;
};
int Top(const TopOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_ENTRIES_TOP_H_
