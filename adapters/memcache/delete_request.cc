#include "adapters/memcache/delete_request.h"

#include <cassert>

#include "adapters/memcache/meta_flags.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {

void DeleteRequest::AppendCommands(CommandBuffer& commands) {
  next_ = 0;
  outcome_ = WriteOutcome();
  for (const DeleteItem& item : items_) commands.Delete(item.key);
}

bool DeleteRequest::HandleReply(Reply& reply) {
  assert(next_ < items_.size());
  const WireKey& key = items_[next_++].key;
  if (reply.type == Reply::Type::kError) {
    outcome_.AddFailures(1, ServerError(reply.text, server_));
    return true;
  }
  return IsDeleteReply(reply, key);
}

}  // namespace appcache::memcache
