// KeylessRequest: one command without a key, such as version or flush_all.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_KEYLESS_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_KEYLESS_REQUEST_H_

#include <string>
#include <string_view>

#include "adapters/memcache/server_request.h"
#include "appcache/error.h"

namespace appcache::memcache {

class KeylessRequest final : public ServerRequest {
 public:
  // `command` and `server` must outlive this object. A reply of another type
  // than `expected` is an invalid reply.
  KeylessRequest(std::string_view command, Reply::Type expected,
                 const std::string& server)
      : command_(command), expected_(expected), server_(server) {}

  void AppendCommands(CommandBuffer& commands) override;
  bool HandleReply(Reply& reply) override;

  // The error that the server returned, or success.
  const Status& failure() const noexcept { return failure_; }
  // The text of the reply: a version.
  const std::string& text() const noexcept { return text_; }

 private:
  const std::string_view command_;
  const Reply::Type expected_;
  const std::string& server_;
  Status failure_;
  std::string text_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_KEYLESS_REQUEST_H_
