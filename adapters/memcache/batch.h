// The loop over servers: splits a batch by the servers of its keys, and sends
// one request to each of several servers.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_BATCH_H_
#define APPCACHE_ADAPTERS_MEMCACHE_BATCH_H_

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "adapters/memcache/exchange.h"
#include "adapters/memcache/servers.h"
#include "adapters/net/deadline.h"

namespace appcache::memcache {

// The items of a batch whose keys are on one server.
template <class Item>
struct ServerBatch {
  size_t server;
  std::vector<Item> items = {};
};

// The T of a function of an index that returns a Result<T>.
template <class MakeItem>
using ItemOf =
    std::decay_t<decltype(*std::declval<const MakeItem&>()(size_t{0}))>;

// The items 0 to count - 1 of a batch, by server, without servers that have
// none. `make_item(i)` returns the item at index i, an object with a `key`, or
// an error, with which `fail(i, status)` is called. Throws std::bad_alloc.
template <class MakeItem, class Fail>
std::vector<ServerBatch<ItemOf<MakeItem>>> SplitByServer(
    const Servers& servers, size_t count, const MakeItem& make_item,
    const Fail& fail) {
  using Batch = ServerBatch<ItemOf<MakeItem>>;
  std::vector<Batch> batches;
  batches.reserve(servers.size());
  for (size_t server = 0; server < servers.size(); ++server) {
    batches.push_back({server});
  }
  for (size_t i = 0; i < count; ++i) {
    auto item = make_item(i);
    if (!item.ok()) {
      fail(i, item.status());
      continue;
    }
    const size_t server = servers.ServerOf(item->key.view());
    batches[server].items.push_back(*std::move(item));
  }
  std::erase_if(batches,
                [](const Batch& batch) { return batch.items.empty(); });
  return batches;
}

// Sends one request for each element of `batches`, all at once, to the server
// that its member `server` names. `make_request(batch)` returns the request,
// which must be idempotent. Without batches nothing is sent.
// Afterwards calls `finish(batch, request, status)` for each batch, in order.
// Throws std::bad_alloc.
template <class Batch, class MakeRequest, class Finish>
void SendBatches(Servers& servers, const std::vector<Batch>& batches,
                 const net::Deadline& deadline, const MakeRequest& make_request,
                 const Finish& finish) {
  std::vector<decltype(make_request(batches[0]))> requests;
  requests.reserve(batches.size());  // `calls` points into it
  std::vector<ServerCall> calls;
  calls.reserve(batches.size());
  for (const Batch& batch : batches) {
    requests.push_back(make_request(batch));
    calls.push_back(servers.CallTo(batch.server, requests.back()));
  }
  servers.Send(calls, deadline, Retry::kOnce);
  for (size_t i = 0; i < batches.size(); ++i) {
    finish(batches[i], requests[i], calls[i].status);
  }
}

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_BATCH_H_
