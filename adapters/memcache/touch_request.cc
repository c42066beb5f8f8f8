#include "adapters/memcache/touch_request.h"

#include "adapters/memcache/meta_flags.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {

using Type = Reply::Type;

void TouchRequest::AppendCommands(CommandBuffer& commands) {
  outcome_ = false;
  commands.Touch(key_, exptime_);
}

bool TouchRequest::HandleReply(Reply& reply) {
  if (reply.type == Type::kError) {
    outcome_ = ServerError(reply.text, server_);
    return true;
  }
  if (IsWriteReply(reply, key_, Type::kTouched, Type::kMeta)) {
    outcome_ = true;
    return true;
  }
  if (!key_.is_base64()) return reply.type == Type::kNotFound;
  return reply.type == Type::kMetaMiss &&
         MayName(ParseMetaFlags(reply.text), key_);
}

}  // namespace appcache::memcache
