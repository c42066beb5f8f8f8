#include "adapters/memcache/traits.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "adapters/memcache/item.h"
#include "adapters/memcache/options.h"

namespace appcache::memcache {
namespace {

// A longer path needs a header that leaves too little of an item for the value.
constexpr uint64_t kMaxPathBytes = uint64_t{256} << 10;

}  // namespace

BackendTraits TraitsOf(const MemcacheCacheOptions& options,
                       const std::string& location) {
  BackendTraits traits;
  traits.name = "memcached";
  traits.location = location;
  traits.cleared =
      "everything that anyone has stored on " + location + " (flush_all)";
  traits.ttl_resolution = std::chrono::seconds(1);
  traits.supports_ttl_query = true;
  traits.supports_add = true;
  traits.max_key_bytes = std::min(kMaxPathBytes, options.max_item_bytes / 4);
  traits.max_value_bytes = MaxValueBytes(options.max_item_bytes);
  traits.is_shared = true;
  traits.is_persistent = true;  // as long as the servers run
  traits.limits = SettingsOf(options).ToLimits();
  traits.limits.emplace_back("max_item_bytes",
                             std::to_string(options.max_item_bytes));
  return traits;
}

}  // namespace appcache::memcache
