// ServerRequest: the commands of one call to one server, and what becomes of
// the replies.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_SERVER_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_SERVER_REQUEST_H_

#include "adapters/memcache/command_buffer.h"
#include "adapters/memcache/reply.h"

namespace appcache::memcache {

class ServerRequest {
 public:
  virtual ~ServerRequest() = default;

  // Appends the commands, and forgets the replies handled so far: a retry
  // starts over. Throws std::bad_alloc.
  virtual void AppendCommands(CommandBuffer& commands) = 0;

  // Handles the next reply; replies come in the order of the commands. False
  // when the reply does not belong to the command. Throws std::bad_alloc.
  virtual bool HandleReply(Reply& reply) = 0;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_SERVER_REQUEST_H_
