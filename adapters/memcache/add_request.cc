#include "adapters/memcache/add_request.h"

#include <cassert>
#include <utility>

#include "adapters/memcache/item.h"
#include "adapters/memcache/meta_flags.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {

using Type = Reply::Type;

AddRequest::AddRequest(const SetItem& item, const std::string& server)
    : item_(item), server_(server) {
  assert(!item.is_too_large);
}

void AddRequest::AppendCommands(CommandBuffer& commands) {
  add_answered_ = added_ = false;
  failure_ = Status();
  existing_.reset();
  commands.Add(item_.key, item_.exptime, HeaderOf(item_.key), item_.value);
  if (!item_.key.is_hashed()) return;
  commands.BeginGet();
  commands.AddKey(item_.key);
  commands.EndGet();
}

bool AddRequest::HandleReply(Reply& reply) {
  if (reply.type == Type::kError) {
    add_answered_ = true;
    if (failure_.ok()) failure_ = ServerError(reply.text, server_);
    return true;
  }
  if (!add_answered_) {
    add_answered_ = true;
    added_ = IsWriteReply(reply, item_.key, Type::kStored, Type::kMeta);
    return added_ || IsWriteReply(reply, item_.key, Type::kNotStored,
                                  Type::kMetaNotStored);
  }
  if (reply.type == Type::kEnd) return true;
  if (reply.type != Type::kValue || reply.text != item_.key.view()) {
    return false;
  }
  existing_ = ToLookup(std::move(reply.bytes), reply.flags, item_.key,
                       /*max_inflated_bytes=*/0, server_);
  return true;
}

Result<bool> AddRequest::Outcome() const {
  assert(add_answered_);
  if (added_) return true;
  if (!failure_.ok()) return failure_;
  if (!item_.key.is_hashed()) return false;
  if (!existing_) {
    return Status(ErrorCode::kBusy,
                  "cannot add an entry on " + server_ +
                      ": the item under its key was removed during the call; "
                      "nothing was changed, try again");
  }
  if (existing_->is_hit()) return false;
  if (existing_->has_error()) return existing_->status();
  return Status(ErrorCode::kBusy,
                "cannot add an entry on " + server_ +
                    ": another path with the same hash has an entry; "
                    "invalidate this path first");
}

}  // namespace appcache::memcache
