// Exchange: requests to several servers at once, and what they answer.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_EXCHANGE_H_
#define APPCACHE_ADAPTERS_MEMCACHE_EXCHANGE_H_

#include <span>

#include "adapters/memcache/connection.h"
#include "adapters/memcache/reply.h"
#include "adapters/memcache/request.h"
#include "adapters/net/deadline.h"
#include "adapters/net/pool.h"
#include "engine/error.h"

namespace appcache::memcache {

// What one server is asked, and what is made of its answers.
class Conversation {
 public:
  virtual ~Conversation() = default;

  // Begins, or begins anew: what was taken before counts for nothing.
  virtual void Ask(Request& request) = 0;

  // The next reply, in the order of the commands. False: it is none to what
  // was asked.
  virtual bool Take(Reply& reply) = 0;
};

// One server's share of a call.
struct Share {
  net::Pool<Connection>* pool;
  Conversation* conversation;

  // What became of it. Failed: replies may be missing.
  Status status = {};
  // It failed on a connection that the server had closed while it was idle.
  bool died_idle = false;
};

// Has all the conversations at a time, until each has ended or failed, or the
// deadline: every request is on its way before any reply is awaited, no server
// waits for another one's reading, and one that fails costs only its own share.
// A pipeline of any length works: what is answered is received while the rest
// is sent.
//
// If `may_repeat`, shares that failed on a connection that was closed while
// idle are done once more, before the same deadline. Throws std::bad_alloc.
void Exchange(std::span<Share> shares, const net::Deadline& deadline,
              bool may_repeat);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_EXCHANGE_H_
