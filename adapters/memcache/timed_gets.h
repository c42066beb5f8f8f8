// TimedGets: what is left of ttls, and the values, if they are wanted.
//
// One meta get for each key, which tells both of one moment: "mg KEY k t v".
// The server repeats the key (k): it must be the one that was asked for.

#ifndef APPCACHE_ADAPTERS_MEMCACHE_TIMED_GETS_H_
#define APPCACHE_ADAPTERS_MEMCACHE_TIMED_GETS_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "adapters/memcache/exchange.h"
#include "adapters/memcache/wire_key.h"
#include "engine/cache.h"

namespace appcache::memcache {

class TimedGets final : public Conversation {
 public:
  // kUnwanted: what is found has a value or none. (Of a hashed key the server
  // is asked for the item all the same: it says whose it is.)
  enum class Values { kWanted, kUnwanted };

  // `found` is as long as `keys`; both, and `server`, outlive this object.
  TimedGets(std::span<const WireKey> keys, std::span<Lookup<TimedBytes>> found,
            const std::string& server, Values values = Values::kWanted) noexcept
      : keys_(keys), found_(found), server_(server), values_(values) {}

  void Ask(Request& request) override;
  bool Take(Reply& reply) override;

 private:
  bool AsksForItem(const WireKey& key) const noexcept {
    return values_ == Values::kWanted || key.is_hashed();
  }
  Lookup<TimedBytes> ToTimed(Reply& reply, const WireKey& key, Ttl left) const;

  const std::span<const WireKey> keys_;
  const std::span<Lookup<TimedBytes>> found_;
  const std::string& server_;
  const Values values_;
  size_t next_ = 0;  // the key that is answered next
};

}  // namespace appcache::memcache

#endif  // APPCACHE_ADAPTERS_MEMCACHE_TIMED_GETS_H_
