#include "adapters/memcache/delete_request.h"

#include "adapters/memcache/server_error.h"

namespace appcache::memcache {

using Type = Reply::Type;

void DeleteRequest::AppendCommands(CommandBuffer& commands) {
  outcome_ = WriteOutcome();
  for (const DeleteItem& item : items_) commands.Delete(item.key.view());
}

bool DeleteRequest::HandleReply(Reply& reply) {
  if (reply.type == Type::kError) {
    outcome_.AddFailures(1, ServerError(reply.text, server_));
    return true;
  }
  return reply.type == Type::kDeleted || reply.type == Type::kNotFound;
}

}  // namespace appcache::memcache
