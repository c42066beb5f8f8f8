// Which databases are open in this process: so that all SqliteCaches of one
// share one engine, and with it one writer lane and one order of uses.

#ifndef APPCACHE_ENGINE_LRU_REGISTRY_H_
#define APPCACHE_ENGINE_LRU_REGISTRY_H_

#include <functional>
#include <memory>
#include <string>

#include "engine/error.h"
#include "engine/lru/lru_engine.h"

namespace appcache::registry {

using Open = std::function<Result<std::shared_ptr<LruEngine>>()>;

// The engine of `name`, opened with `open` unless it is open already; one more
// user of it. kInvalidArgument when it is open with other limits. Databases are
// opened one at a time.
Result<std::shared_ptr<LruEngine>> Acquire(const std::string& name,
                                           const policy::Limits& limits,
                                           const Open& open);

// One user less; the last one closes the engine, whose failure to flush is the
// result. An engine that Acquire did not give is closed at once.
Status Release(const std::shared_ptr<LruEngine>& engine);

}  // namespace appcache::registry

#endif  // APPCACHE_ENGINE_LRU_REGISTRY_H_
