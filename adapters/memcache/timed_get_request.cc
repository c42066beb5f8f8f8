#include "adapters/memcache/timed_get_request.h"

#include <cassert>
#include <cstdint>
#include <utility>

#include "adapters/memcache/exptime.h"
#include "adapters/memcache/item.h"
#include "adapters/memcache/meta_flags.h"
#include "adapters/memcache/server_error.h"

namespace appcache::memcache {
namespace {

using Type = Reply::Type;

}  // namespace

void TimedGetRequest::AppendCommands(CommandBuffer& commands) {
  next_ = 0;
  for (const GetItem<TimedBytes>& item : items_) {
    *item.found = Lookup<TimedBytes>::Miss();
    commands.MetaGet(item.key, FetchesItem(item.key) ? " t f v" : " t");
  }
}

Lookup<TimedBytes> TimedGetRequest::ToTimed(Reply& reply, uint32_t flags,
                                            const WireKey& key,
                                            Ttl remaining) const {
  if (!FetchesItem(key)) return Lookup<TimedBytes>::Hit({Bytes(), remaining});
  return ToLookup(std::move(reply.bytes), flags, key, max_inflated_bytes_,
                  server_)
      .Map([remaining](Bytes&& value) {
        return TimedBytes{std::move(value), remaining};
      });
}

bool TimedGetRequest::HandleReply(Reply& reply) {
  assert(next_ < items_.size());
  const WireKey& key = items_[next_].key;
  Lookup<TimedBytes>& found = *items_[next_].found;
  ++next_;
  if (reply.type == Type::kError) {
    found = Lookup<TimedBytes>::Failed(ServerError(reply.text, server_));
    return true;
  }
  const MetaFlags flags = ParseMetaFlags(reply.text);
  if (reply.type == Type::kMetaMiss) return MayName(flags, key);
  const Type expected = FetchesItem(key) ? Type::kMetaValue : Type::kMeta;
  if (reply.type != expected || !Names(flags, key) || !flags.seconds ||
      !flags.client) {
    return false;
  }
  found = ToTimed(reply, *flags.client, key, RemainingTtl(*flags.seconds));
  return true;
}

}  // namespace appcache::memcache
