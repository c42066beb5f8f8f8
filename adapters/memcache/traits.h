// The traits of a MemcacheBackend.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_TRAITS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_TRAITS_H_

#include <string>

#include "appcache/memcache_cache_options.h"
#include "appcache/traits.h"

namespace appcache::memcache {

// `location` names all servers, for a person.
BackendTraits TraitsOf(const MemcacheCacheOptions& options,
                       const std::string& location);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_TRAITS_H_
