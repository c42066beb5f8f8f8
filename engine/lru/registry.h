// The databases that are open in this process. All SqliteCaches of one database
// share one engine, and with it one writer lock and one order of accesses.

#ifndef APPCACHE_ENGINE_LRU_REGISTRY_H_
#define APPCACHE_ENGINE_LRU_REGISTRY_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "appcache/error.h"
#include "engine/lru/engine.h"

namespace appcache::lru::registry {

// What all users of a database in this process must agree on.
struct SharedOptions {
  policy::Limits limits;
  std::optional<uint64_t> max_database_bytes;
  std::optional<WriteWindow> window;  // none: written through

  friend bool operator==(const SharedOptions&, const SharedOptions&) = default;
};

using Open = std::function<Result<std::shared_ptr<Engine>>()>;

// Adds a user of the engine of `name`; calls `open` if it is not open.
// kInvalidArgument when it is open with other options; kUnsupported in a child
// that was forked while it was open; kBusy when it is being closed for longer
// than `busy_timeout`. Opens one database at a time.
Result<std::shared_ptr<Engine>> Acquire(const std::string& name,
                                        const SharedOptions& options,
                                        std::chrono::milliseconds busy_timeout,
                                        const Open& open);

// The same for a name that is not open. kInvalidArgument when it is.
Result<std::shared_ptr<Engine>> AcquireNew(
    const std::string& name, const SharedOptions& options,
    std::chrono::milliseconds busy_timeout, const Open& open);

// kUnsupported in a child that was forked while `name` was open.
Status CheckNotOpenAtFork(const std::string& name);

// Calls `use` while nobody in this process has `name` open or can open it.
// kBusy when it is open; kUnsupported as above.
Status WhileClosed(const std::string& name, const std::function<Status()>& use);

// Removes a user. The last one closes the engine, and gets the error of its
// flush. Other databases can be opened and closed while it does. An engine that
// Acquire did not return is closed at once.
Status Release(const std::shared_ptr<Engine>& engine);

// Removes a user if there are others, without closing anything. False if it is
// the last one.
bool ReleaseUnlessLast(const std::shared_ptr<Engine>& engine);

}  // namespace appcache::lru::registry

#endif  // APPCACHE_ENGINE_LRU_REGISTRY_H_
