// SetRequest: stores entries.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_SET_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_SET_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "adapters/memcache/server_request.h"
#include "adapters/memcache/wire_key.h"
#include "adapters/memcache/write_outcome.h"

namespace appcache::memcache {

// One entry to store.
struct SetItem {
  WireKey key;
  std::string_view value;
  int64_t exptime;    // as Memcached counts it (exptime.h)
  bool is_too_large;  // the item would exceed max_item_bytes
};

// Sends a set command for each item. An item that is too large is deleted
// instead, so that no reader takes the old value for the new one.
class SetRequest final : public ServerRequest {
 public:
  // `items` and `server` must outlive this object.
  SetRequest(std::span<const SetItem> items, const std::string& server)
      : items_(items), server_(server) {}

  void AppendCommands(CommandBuffer& commands) override;
  bool HandleReply(Reply& reply) override;

  // Of the replies handled so far.
  const WriteOutcome& outcome() const noexcept { return outcome_; }

 private:
  const std::span<const SetItem> items_;
  const std::string& server_;
  size_t next_ = 0;  // the item that the next reply belongs to
  WriteOutcome outcome_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_SET_REQUEST_H_
