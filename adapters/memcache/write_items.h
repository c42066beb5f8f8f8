// WriteItems: writes one entry, or the entries of a batch, to the servers of
// their keys.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_WRITE_ITEMS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_WRITE_ITEMS_H_

#include <cstddef>

#include "adapters/memcache/batch.h"
#include "adapters/memcache/servers.h"
#include "adapters/memcache/write_outcome.h"
#include "appcache/error.h"

namespace appcache::memcache {

// Writes `count` items with requests of type Write. `make_item(i)` returns the
// item at index i, or an error, with which it counts as failed. When a server
// fails, all its items of the batch count as failed. Throws std::bad_alloc;
// then it is unknown what was written.
template <class Write, class MakeItem>
WriteOutcome WriteItems(Servers& servers, size_t count,
                        const net::Deadline& deadline,
                        const MakeItem& make_item) {
  using Item = ItemOf<MakeItem>;
  using Batch = ServerBatch<Item>;
  WriteOutcome total;
  const auto add = [&total](size_t items, const Write& write,
                            const Status& sent) {
    if (sent.ok()) {
      total.Add(write.outcome());
    } else {
      total.AddFailures(items, sent);
    }
  };
  if (count == 1) {  // without the vectors of a batch
    const Result<Item> item = make_item(0);
    if (!item.ok()) {
      total.AddFailures(1, item.status());
      return total;
    }
    const size_t server = servers.ServerOf(item->key.view());
    Write write({&*item, 1}, servers.name(server));
    const Status sent = servers.Send(server, write, deadline);
    add(1, write, sent);
    return total;
  }
  const auto make_write = [&](const Batch& batch) {
    return Write(batch.items, servers.name(batch.server));
  };
  const auto finish = [&](const Batch& batch, const Write& write,
                          const Status& sent) {
    add(batch.items.size(), write, sent);
  };
  const auto fail = [&total](size_t, const Status& status) {
    total.AddFailures(1, status);
  };
  SendBatches(servers, SplitByServer(servers, count, make_item, fail), deadline,
              make_write, finish);
  return total;
}

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_WRITE_ITEMS_H_
