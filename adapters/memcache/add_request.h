// AddRequest: stores one entry if there is none.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_ADD_REQUEST_H_
#define APPCACHE_ADAPTERS_MEMCACHE_ADD_REQUEST_H_

#include <optional>
#include <string>

#include "adapters/memcache/server_request.h"
#include "adapters/memcache/set_request.h"
#include "appcache/bytes.h"
#include "appcache/error.h"
#include "appcache/lookup.h"

namespace appcache::memcache {

// Under a hashed key it also fetches the existing item, which may belong to
// another path.
class AddRequest final : public ServerRequest {
 public:
  // `item` and `server` must outlive this object.
  // REQUIRES: !item.is_too_large.
  AddRequest(const SetItem& item, const std::string& server);

  void AppendCommands(CommandBuffer& commands) override;
  bool HandleReply(Reply& reply) override;

  // True when the entry was added; false when there is an entry of that path.
  // kTooLarge, kFull: the server rejected it. kCorrupt: the existing item was
  // not written by this library. kBusy: it belongs to another path, or was
  // removed before it could be fetched. REQUIRES: all replies were handled.
  Result<bool> Outcome() const;

 private:
  const SetItem& item_;
  const std::string& server_;
  bool add_answered_ = false;
  bool added_ = false;
  Status failure_;
  // The existing item, as the value of the path; none if there was no item or
  // the key is not hashed.
  std::optional<Lookup<Bytes>> existing_;
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_ADD_REQUEST_H_
