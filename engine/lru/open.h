// Opens the engine of a database, or finds the one that is open in this
// process. Functions throw std::bad_alloc.

#ifndef APPCACHE_ENGINE_LRU_OPEN_H_
#define APPCACHE_ENGINE_LRU_OPEN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "appcache/error.h"
#include "appcache/sqlite_cache_options.h"
#include "engine/lru/engine.h"

struct sqlite3;

namespace appcache::lru {

// The largest value of a limit; as good as none.
inline constexpr uint64_t kLargestLimit = uint64_t{1} << 62;

// One more use of the engine, to be released with registry::Release.
using OpenedEngine = Result<std::shared_ptr<Engine>>;

// See SqliteCache's functions of similar names for the errors.
OpenedEngine OpenEngineInMemory(const SqliteCacheOptions& options,
                                std::string_view name);
// Creates the database, and calls `fill` before anybody can open it.
// kInvalidArgument when it exists.
using Fill = std::function<Status(Engine&)>;
OpenedEngine CreateEngineInMemory(const SqliteCacheOptions& options,
                                  std::string_view name, const Fill& fill);
OpenedEngine OpenEngineOfFile(const SqliteCacheOptions& options,
                              const std::string& path);
// Its engine is this caller's alone.
OpenedEngine OpenEngineToRead(const SqliteCacheOptions& options,
                              const std::string& path);
OpenedEngine OpenEngineOn(const SqliteCacheOptions& options,
                          sqlite3* connection);
Result<sqlite3*> ConnectInMemory(std::string_view name);

// One name for one file, whatever the process's working directory is later.
// kInvalidArgument for what is no path; kUnavailable.
Result<std::string> CanonicalPath(const std::string& path);

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_OPEN_H_
