// Which directories are open in this process: so that all LmdbCaches of one
// share one environment. LMDB must not open a directory twice in a process.

#ifndef APPCACHE_ADAPTERS_LMDB_REGISTRY_H_
#define APPCACHE_ADAPTERS_LMDB_REGISTRY_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/lmdb/environment.h"
#include "engine/error.h"

namespace appcache::lmdb {

// The environment of `directory`, an absolute path, opened unless it is open;
// one more user of it. kInvalidArgument when it is open with another max_bytes;
// kUnsupported in a child that was forked while it was open; what
// Environment::Open says. Directories are opened one at a time.
Result<std::shared_ptr<Environment>> Acquire(
    const std::string& directory, uint64_t max_bytes,
    std::chrono::milliseconds busy_timeout);

// One user less; the last one closes the environment.
void Release(std::shared_ptr<Environment> environment) noexcept;

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_REGISTRY_H_
