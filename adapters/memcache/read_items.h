// ReadItem and ReadItems: read one key, or the keys of a batch, from the
// servers that have them.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_READ_ITEMS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_READ_ITEMS_H_

#include <cstddef>
#include <type_traits>
#include <utility>

#include "adapters/memcache/batch.h"
#include "adapters/memcache/get_item.h"
#include "adapters/memcache/servers.h"
#include "appcache/error.h"
#include "appcache/lookup.h"

namespace appcache::memcache {

// Reads one item with a request of type Get, which `options` are passed to.
// Throws std::bad_alloc.
template <class Get, class V, class... Options>
void ReadItem(Servers& servers, const GetItem<V>& item,
              const net::Deadline& deadline, Options... options) {
  const size_t server = servers.ServerOf(item.key.view());
  Get get({&item, 1}, servers.name(server), servers.max_inflated_bytes(),
          options...);
  if (Status sent = servers.Send(server, get, deadline); !sent.ok()) {
    *item.found = Lookup<V>::Failed(std::move(sent));
  }
}

// Reads `count` items. `make_item(i)` returns the GetItem at index i, or an
// error, with which `fail(i, status)` is called. When a server fails, the keys
// that it has not answered fail. Throws std::bad_alloc; then some of the
// results may have been set.
template <class Get, class MakeItem, class Fail>
void ReadItems(Servers& servers, size_t count, const net::Deadline& deadline,
               const MakeItem& make_item, const Fail& fail) {
  using Batch = ServerBatch<ItemOf<MakeItem>>;
  const auto make_get = [&](const Batch& batch) {
    return Get(batch.items, servers.name(batch.server),
               servers.max_inflated_bytes());
  };
  const auto finish = [](const Batch& batch, const Get&, const Status& sent) {
    if (sent.ok()) return;
    for (const auto& [key, found] : batch.items) {
      if (!*found) *found = std::decay_t<decltype(*found)>::Failed(sent);
    }
  };
  SendBatches(servers, SplitByServer(servers, count, make_item, fail), deadline,
              make_get, finish);
}

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_READ_ITEMS_H_
