#include "adapters/redis/result.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "adapters/redis/server_error.h"

namespace appcache::redis {

using Type = Reply::Type;

Status UnexpectedReply(const Reply& reply, const std::string& server) {
  if (reply.type == Type::kError) {
    return ServerError(reply.bytes.view(), server);
  }
  return Status(ErrorCode::kUnavailable,
                server + " sent an unexpected reply; is it a Redis server?",
                EPROTO);
}

bool IsOutOfStep(const Status& status) noexcept {
  return status.Is(ErrorCode::kUnavailable) &&
         status.error().native_code == EPROTO;
}

Lookup<Bytes> ToLookup(Reply reply, const std::string& server) {
  if (reply.type == Type::kString) {
    return Lookup<Bytes>::Hit(std::move(reply.bytes));
  }
  if (reply.type == Type::kNil) return Lookup<Bytes>::Miss();
  return Lookup<Bytes>::Failed(UnexpectedReply(reply, server));
}

Lookup<Ttl> ToTtl(const Reply& reply, const std::string& server) {
  constexpr int64_t kNoEntry = -2;
  constexpr int64_t kNeverExpires = -1;
  if (reply.type != Type::kInteger) {
    return Lookup<Ttl>::Failed(UnexpectedReply(reply, server));
  }
  if (reply.integer == kNoEntry) return Lookup<Ttl>::Miss();
  if (reply.integer == kNeverExpires) return Lookup<Ttl>::Hit(kNoTtl);
  // An entry that expires within this millisecond has not expired yet.
  return Lookup<Ttl>::Hit(
      Ttl(std::clamp<int64_t>(reply.integer, 1, kMaxTtl.count())));
}

}  // namespace appcache::redis
