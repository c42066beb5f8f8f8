// appcache top: the largest, the least or the most recently used entries.

#ifndef APPCACHE_TOOLS_COMMAND_TOP_H_
#define APPCACHE_TOOLS_COMMAND_TOP_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/clock.h"
#include "engine/sqlite_cache.h"
#include "tools/command/open_cache.h"

namespace appcache::command {

enum class TopOrder {
  kSize,  // the largest first
  kAge,   // the longest unused first: what is evicted next
  kUse,   // the last used first
};

// Whether `a` stands above `b`. Equal ones are in the order of their keys.
struct TopBetter {
  TopOrder order;
  bool operator()(const EntryInfo& a, const EntryInfo& b) const;
};

// The entries as a table no wider than `width` (0: as wide as it gets).
std::string TopTable(std::span<const EntryInfo> entries, TimePoint now,
                     size_t width);

struct TopOptions {
  CacheFlags cache;
  TopOrder order = TopOrder::kSize;
  uint64_t limit = 20;
  // How often to draw again, on a terminal; none: draws once.
  std::optional<std::chrono::milliseconds> watch;
  bool json = false;
};
int Top(const TopOptions& options);

}  // namespace appcache::command

#endif  // APPCACHE_TOOLS_COMMAND_TOP_H_
