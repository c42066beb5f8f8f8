#include "adapters/memcache/keyless_request.h"

#include "adapters/memcache/server_error.h"

namespace appcache::memcache {

void KeylessRequest::AppendCommands(CommandBuffer& commands) {
  failure_ = Status();
  text_.clear();
  commands.Keyless(command_);
}

bool KeylessRequest::HandleReply(Reply& reply) {
  if (reply.type == Reply::Type::kError) {
    failure_ = ServerError(reply.text, server_);
    return true;
  }
  text_ = reply.text;
  return reply.type == expected_;
}

}  // namespace appcache::memcache
