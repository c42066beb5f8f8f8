// Exchange: sends requests to several servers at once and receives the replies.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_EXCHANGE_H_
#define APPCACHE_ADAPTERS_MEMCACHE_EXCHANGE_H_

#include <span>

#include "adapters/memcache/connection.h"
#include "adapters/memcache/server_request.h"
#include "adapters/net/deadline.h"
#include "adapters/net/pool.h"
#include "appcache/error.h"

namespace appcache::memcache {

// The part of a call that concerns one server.
struct ServerCall {
  net::Pool<Connection>* pool;  // of the server
  ServerRequest* request;

  // The result. On failure, the request may lack replies.
  Status status = {};
  // The call failed because the server closed the connection (net::IsDrop).
  bool was_dropped = false;
};

// Whether a call is retried that failed with was_dropped. kNever is for a
// request that is not idempotent.
enum class Retry { kOnce, kNever };

// Does all the calls, until each has succeeded or failed or the deadline has
// come. All requests are being sent before any reply is awaited, and a server
// that fails affects only its own call. Replies are received while the rest of
// a request is being sent, so a request may have any length. With Retry::kOnce,
// calls that failed with was_dropped are retried before the same deadline.
// Throws std::bad_alloc.
void Exchange(std::span<ServerCall> calls, const net::Deadline& deadline,
              Retry retry);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_EXCHANGE_H_
