#include "adapters/memcache/get_request.h"

#include <cassert>
#include <utility>

#include "adapters/memcache/item.h"
#include "adapters/memcache/meta_flags.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {
namespace {

using Type = Reply::Type;

// memcached reads 16 KiB at a time and allocates a buffer for a longer line, so
// a command stays well below that.
constexpr size_t kMaxCommandBytes = size_t{8} << 10;

}  // namespace

GetRequest::GetRequest(std::span<const GetItem<Bytes>> items,
                       const std::string& server, uint64_t max_inflated_bytes)
    : items_(items), server_(server), max_inflated_bytes_(max_inflated_bytes) {
  assert(!items.empty());
}

// The end of the command whose first item is at `begin`.
// REQUIRES: begin < items_.size().
size_t GetRequest::EndOfCommand(size_t begin) const {
  assert(begin < items_.size());
  if (items_[begin].key.is_base64()) return begin + 1;
  size_t bytes = 0;
  size_t end = begin;
  while (end < items_.size() && !items_[end].key.is_base64() &&
         bytes < kMaxCommandBytes) {
    bytes += items_[end++].key.view().size() + 1;
  }
  return end;
}

void GetRequest::AppendCommands(CommandBuffer& commands) {
  for (const GetItem<Bytes>& item : items_) *item.found = Lookup<Bytes>::Miss();
  size_t at = 0;
  while (at < items_.size()) {
    if (items_[at].key.is_base64()) {
      commands.MetaGet(items_[at++].key, " f v");
      continue;
    }
    commands.BeginGet();
    for (const size_t end = EndOfCommand(at); at < end; ++at) {
      commands.AddKey(items_[at].key);
    }
    commands.EndGet();
  }
  command_begin_ = next_ = 0;
  command_end_ = EndOfCommand(0);
}

// Servers answer in the order of the keys. A proxy may not, so all keys of the
// command are tried.
bool GetRequest::HandleValue(Reply& reply) {
  const size_t count = command_end_ - command_begin_;
  for (size_t tried = 0; tried < count; ++tried) {
    const size_t at = command_begin_ + (next_ - command_begin_ + tried) % count;
    const GetItem<Bytes>& item = items_[at];
    if (item.key.view() != reply.text) continue;
    *item.found = ToLookup(std::move(reply.bytes), reply.flags, item.key,
                           max_inflated_bytes_, server_);
    next_ = at + 1;
    return true;
  }
  return false;
}

void GetRequest::FailCommand(const Status& status) {
  for (size_t at = command_begin_; at < command_end_; ++at) {
    Lookup<Bytes>& found = *items_[at].found;
    if (!found) found = Lookup<Bytes>::Failed(status);
  }
}

// The reply to a meta get.
bool GetRequest::HandleMeta(Reply& reply) {
  const GetItem<Bytes>& item = items_[command_begin_];
  const MetaFlags flags = ParseMetaFlags(reply.text);
  if (reply.type == Type::kMetaMiss) return MayName(flags, item.key);
  if (reply.type != Type::kMetaValue || !Names(flags, item.key) ||
      !flags.client) {
    return false;
  }
  *item.found = ToLookup(std::move(reply.bytes), *flags.client, item.key,
                         max_inflated_bytes_, server_);
  return true;
}

bool GetRequest::HandleReply(Reply& reply) {
  assert(command_begin_ < items_.size());
  if (reply.type == Type::kError) {
    FailCommand(ServerError(reply.text, server_));
  } else if (items_[command_begin_].key.is_base64()) {
    if (!HandleMeta(reply)) return false;
  } else if (reply.type == Type::kValue) {
    return HandleValue(reply);
  } else if (reply.type != Type::kEnd) {
    return false;
  }
  command_begin_ = next_ = command_end_;
  if (command_begin_ < items_.size()) {
    command_end_ = EndOfCommand(command_begin_);
  }
  return true;
}

}  // namespace appcache::memcache
