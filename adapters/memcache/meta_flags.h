// The flags of a reply to a meta command, such as "kKEY t30 f0".

#ifndef APPCACHE_ADAPTERS_MEMCACHE_META_FLAGS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_META_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "adapters/memcache/reply.h"
#include "adapters/memcache/wire_key.h"

namespace appcache::memcache {

struct MetaFlags {
  std::optional<std::string_view> key;
  std::optional<std::string_view> token;
  std::optional<int64_t> seconds;      // the remaining ttl
  std::optional<uint32_t> client = 0;  // those of the client that wrote it
};

// `text` must outlive the result. A number that is malformed is none. Ignores
// other flags: the server adds some when another program has marked the item as
// stale.
MetaFlags ParseMetaFlags(std::string_view text);

// Whether the reply repeats `key`, or its token if it was sent in base64.
bool Names(const MetaFlags& flags, const WireKey& key);
// The same of a miss. memcached 1.6.18 repeats there what other replies repeat;
// protocol.txt does not say so.
bool MayName(const MetaFlags& flags, const WireKey& key);

// Whether `reply` is one to a write of `key`: of type `text` if the key was
// sent as text, and otherwise of type `meta`, with the key's token.
bool IsWriteReply(const Reply& reply, const WireKey& key, Reply::Type text,
                  Reply::Type meta);
// Whether `reply` is one to a delete of `key`, whether there was an item or
// not.
bool IsDeleteReply(const Reply& reply, const WireKey& key);

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_META_FLAGS_H_
