// GetItem: one key of a read, and where its result goes.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_GET_ITEM_H_
#define APPCACHE_ADAPTERS_MEMCACHE_GET_ITEM_H_

#include "adapters/memcache/wire_key.h"
#include "appcache/lookup.h"

namespace appcache::memcache {

template <class V>
struct GetItem {
  WireKey key;
  Lookup<V>* found;  // never null; not owned
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_GET_ITEM_H_
