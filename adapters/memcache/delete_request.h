// DeleteRequest: removes entries.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_DELETE_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_DELETE_REQUEST_H_

#include <cstddef>
#include <span>
#include <string>

#include "adapters/memcache/server_request.h"
#include "adapters/memcache/wire_key.h"
#include "adapters/memcache/write_outcome.h"

namespace appcache::memcache {

// One entry to remove.
struct DeleteItem {
  WireKey key;
};

// Sends a delete command for each item. An entry that does not exist counts as
// removed.
class DeleteRequest final : public ServerRequest {
 public:
  // `items` and `server` must outlive this object.
  DeleteRequest(std::span<const DeleteItem> items, const std::string& server)
      : items_(items), server_(server) {}

  void AppendCommands(CommandBuffer& commands) override;
  bool HandleReply(Reply& reply) override;

  // Of the replies handled so far.
  const WriteOutcome& outcome() const noexcept { return outcome_; }

 private:
  const std::span<const DeleteItem> items_;
  const std::string& server_;
  size_t next_ = 0;  // the item that the next reply belongs to
  WriteOutcome outcome_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_DELETE_REQUEST_H_
