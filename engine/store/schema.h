// What a database must look like to be a cache, and how one is made.

#ifndef APPCACHE_ENGINE_STORE_SCHEMA_H_
#define APPCACHE_ENGINE_STORE_SCHEMA_H_

#include <cstdint>
#include <optional>
#include <string>

#include "engine/error.h"
#include "engine/store/connection.h"

namespace appcache::store {

// "apch", at offset 68 of the file; `file cache.db` shows it.
inline constexpr int64_t kApplicationId = 0x61706368;
inline constexpr int64_t kSchemaVersion = 1;

enum class Contents {
  kNothing,     // no tables at all: a cache can be made here
  kCache,       // ours, and looks sound
  kNewer,       // ours, of a later version
  kForeign,     // someone else's database
  kUnreadable,  // not SQLite's: someone else's file, or damaged from the start
  kDamaged,     // ours by its application id, but not readable as it should be
};

// Looks at a database that the cache has to itself. Reads the header, the
// schema and meta, not the entries. An error when it cannot be read for a
// reason that says nothing about what is in it (busy, I/O).
Result<Contents> InspectOwn(const Connection& connection);

// The same for a connection of the caller's, whose database may hold other
// tables too: only the tables of our names are looked at.
Result<Contents> InspectBorrowed(const Connection& connection);

// kUnsupported, with what to do about it, unless `contents` are a sound cache.
Status RefuseUnlessCache(Contents contents, const std::string& name);

// Makes the tables in one transaction; without a seed, with a random one.
// CreateOwn also marks the database as an appcache.
Status CreateOwn(const Connection& connection,
                 std::optional<int64_t> hash_seed);
Status CreateBorrowed(const Connection& connection,
                      std::optional<int64_t> hash_seed);

Result<int64_t> ReadHashSeed(const Connection& connection);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_SCHEMA_H_
