// TouchRequest: gives one entry a new ttl, and keeps its value.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_TOUCH_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_TOUCH_REQUEST_H_

#include <cstdint>
#include <string>

#include "adapters/memcache/server_request.h"
#include "adapters/memcache/wire_key.h"
#include "appcache/error.h"

namespace appcache::memcache {

// Sends a touch, or for a key in base64 a meta get with the flag T. Neither
// transfers the value, and the server keeps the value and its flags. It does
// not check whose item a hashed key has.
class TouchRequest final : public ServerRequest {
 public:
  // `exptime` is as Memcached counts it (exptime.h). `key` and `server` must
  // outlive this object.
  TouchRequest(const WireKey& key, int64_t exptime, const std::string& server)
      : key_(key), exptime_(exptime), server_(server) {}

  void AppendCommands(CommandBuffer& commands) override;
  bool HandleReply(Reply& reply) override;

  // True when there is an item, which has the new ttl; false when there is
  // none. An error is that of the server; nothing was changed.
  const Result<bool>& Outcome() const noexcept { return outcome_; }

 private:
  const WireKey& key_;
  const int64_t exptime_;
  const std::string& server_;
  Result<bool> outcome_ = false;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_TOUCH_REQUEST_H_
