// TimedGetRequest: reads remaining ttls, and the values if they are wanted.
//
// Each key takes one meta get, "mg KEY k t f v", which returns the value, its
// flags and the remaining ttl of the same moment. With flag k the server
// repeats the key, which must be the one that the command names. With a key in
// base64 it repeats the token of flag O instead (wire_key.h).

#ifndef APPCACHE_ADAPTERS_MEMCACHE_TIMED_GET_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_TIMED_GET_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "adapters/memcache/get_item.h"
#include "adapters/memcache/server_request.h"
#include "appcache/backend.h"

namespace appcache::memcache {

class TimedGetRequest final : public ServerRequest {
 public:
  // With kOmit the values of the results are empty. (The item of a hashed key
  // is fetched all the same, because it contains the path.)
  enum class Values { kFetch, kOmit };

  // `items` and `server` must outlive this object.
  TimedGetRequest(std::span<const GetItem<TimedBytes>> items,
                  const std::string& server, uint64_t max_inflated_bytes,
                  Values values = Values::kFetch)
      : items_(items),
        server_(server),
        max_inflated_bytes_(max_inflated_bytes),
        values_(values) {}

  void AppendCommands(CommandBuffer& commands) override;
  bool HandleReply(Reply& reply) override;

 private:
  bool FetchesItem(const WireKey& key) const noexcept {
    return values_ == Values::kFetch || key.is_hashed();
  }
  Lookup<TimedBytes> ToTimed(Reply& reply, uint32_t flags, const WireKey& key,
                             Ttl remaining) const;

  const std::span<const GetItem<TimedBytes>> items_;
  const std::string& server_;
  const uint64_t max_inflated_bytes_;
  const Values values_;
  size_t next_ = 0;  // the item that the next reply belongs to
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_TIMED_GET_REQUEST_H_
