// GetRequest: reads the values of keys.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_GET_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_GET_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "adapters/memcache/get_item.h"
#include "adapters/memcache/server_request.h"
#include "appcache/bytes.h"
#include "appcache/error.h"

namespace appcache::memcache {

// Sends get commands of many keys each, and a meta get for each key in base64.
// A value of a key that the command does not name is an invalid reply.
class GetRequest final : public ServerRequest {
 public:
  // `items` and `server` must outlive this object. REQUIRES: !items.empty().
  GetRequest(std::span<const GetItem<Bytes>> items, const std::string& server,
             uint64_t max_inflated_bytes);

  void AppendCommands(CommandBuffer& commands) override;
  bool HandleReply(Reply& reply) override;

 private:
  size_t EndOfCommand(size_t begin) const;
  bool HandleValue(Reply& reply);
  bool HandleMeta(Reply& reply);
  void FailCommand(const Status& status);

  const std::span<const GetItem<Bytes>> items_;
  const std::string& server_;
  const uint64_t max_inflated_bytes_;
  // The items of the command that is being answered.
  size_t command_begin_ = 0;
  size_t command_end_ = 0;
  // The item that the next value most likely belongs to.
  size_t next_ = 0;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_GET_REQUEST_H_
