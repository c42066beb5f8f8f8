// Snapshots: a whole cache written to a file, and one in memory that starts
// with the contents of a file. Functions throw std::bad_alloc.

#ifndef APPCACHE_ENGINE_LRU_SNAPSHOT_H_
#define APPCACHE_ENGINE_LRU_SNAPSHOT_H_

#include <string>
#include <string_view>

#include "appcache/error.h"
#include "appcache/sqlite_cache_options.h"
#include "appcache/times.h"
#include "engine/lru/clock_shift.h"
#include "engine/lru/engine.h"
#include "engine/lru/open.h"
#include "engine/store/connection.h"
#include "engine/store/snapshot_file.h"

namespace appcache::lru {

// Copies the entries that have not expired at `now`. `damage` says which were
// left out.
Status CopyRows(const store::Connection& source, TimePoint now,
                const ClockShift& shift, store::SnapshotFile& file,
                Status& damage);

// See SqliteCache's functions of similar names for the errors.
Status WriteSnapshot(Engine& engine, const std::string& path);
OpenedEngine OpenEngineInMemoryFrom(const std::string& path,
                                    const SqliteCacheOptions& options,
                                    std::string_view name);

}  // namespace appcache::lru

#endif  // APPCACHE_ENGINE_LRU_SNAPSHOT_H_
