#include "adapters/memcache/set_request.h"

#include <cassert>

#include "adapters/memcache/item.h"
#include "adapters/memcache/meta_flags.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {
namespace {

using Type = Reply::Type;

Status TooLarge(const SetItem& item) {
  return Status(ErrorCode::kTooLarge,
                "cannot set a value of " + std::to_string(item.value.size()) +
                    " bytes: with its key it exceeds max_item_bytes; the key "
                    "is now empty");
}

// The error of a set. memcached has removed the old value of an item that it
// rejects as too large.
Status SetError(std::string_view line, const std::string& server) {
  Status error = ServerError(line, server);
  if (!error.Is(ErrorCode::kTooLarge)) return error;
  return Status(error.code(), error.message() + "; the key is now empty");
}

}  // namespace

void SetRequest::AppendCommands(CommandBuffer& commands) {
  next_ = 0;
  outcome_ = WriteOutcome();
  for (const SetItem& item : items_) {
    if (item.is_too_large) {
      commands.Delete(item.key);
    } else {
      commands.Set(item.key, item.exptime, HeaderOf(item.key), item.value);
    }
  }
}

bool SetRequest::HandleReply(Reply& reply) {
  assert(next_ < items_.size());
  const SetItem& item = items_[next_++];
  if (reply.type == Type::kError) {
    outcome_.AddFailures(1, SetError(reply.text, server_));
    return true;
  }
  if (!item.is_too_large) {
    return IsWriteReply(reply, item.key, Type::kStored, Type::kMeta);
  }
  outcome_.AddFailures(1, TooLarge(item));
  return IsDeleteReply(reply, item.key);
}

}  // namespace appcache::memcache
