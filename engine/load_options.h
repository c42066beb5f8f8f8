// LoadOptions: how GetVia and GetManyVia load, store and keep values.

#ifndef APPCACHE_ENGINE_LOAD_OPTIONS_H_
#define APPCACHE_ENGINE_LOAD_OPTIONS_H_

#include <chrono>

#include "engine/ttl.h"

namespace appcache {

struct LoadOptions {
  // The ttl with which a loaded value is stored.
  Ttl ttl = kNoTtl;

  // How long a caller waits for another one's loader before it runs its own.
  std::chrono::milliseconds max_wait = std::chrono::seconds(30);
};

}  // namespace appcache

#endif  // APPCACHE_ENGINE_LOAD_OPTIONS_H_
