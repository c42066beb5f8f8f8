// Recognises the database of a cache, and creates one.

#ifndef APPCACHE_ENGINE_STORE_SCHEMA_H_
#define APPCACHE_ENGINE_STORE_SCHEMA_H_

#include <cstdint>
#include <optional>
#include <string>

#include "appcache/error.h"
#include "engine/store/connection.h"
#include "engine/store/statement.h"

namespace appcache::store {

// "apch", at offset 68 of the file. `file cache.db` prints it.
inline constexpr int64_t kApplicationId = 0x61706368;
inline constexpr int64_t kSchemaVersion = 1;

enum class Contents {
  kNothing,     // no tables: a cache can be created here
  kCache,       // a cache that looks sound
  kLacksIndex,  // the same, but for a missing index
  kNewer,       // a cache of a newer version
  kForeign,     // another program's database
  kUnreadable,  // not a database: a foreign file, or damaged in its header
  kDamaged,     // a cache by its application id, but damaged
};

// Inspects a database that belongs to the cache alone. Reads the header, the
// schema and meta, not the entries. The schema must be that of CreateOwn to the
// letter, or that of an older build without checksums, so that nothing that
// somebody else has defined in the file (a view, a trigger, a generated column)
// is ever run. Returns an error when the database cannot be read for a reason
// that says nothing about its contents (busy, I/O).
Result<Contents> InspectOwn(const Connection& connection);

// The same for a borrowed connection, whose database may have other tables:
// inspects only the tables with our names, and what is defined on them.
Result<Contents> InspectBorrowed(const Connection& connection);

// An error that says what to do, unless `contents` is kCache.
Status RefuseUnlessCache(Contents contents, const std::string& name);

// Creates the tables in one transaction. Without a seed, takes a random one.
// CreateOwn also marks the database as an appcache.
Status CreateOwn(const Connection& connection,
                 std::optional<int64_t> hash_seed);
Status CreateBorrowed(const Connection& connection,
                      std::optional<int64_t> hash_seed);

// Whether an older build has created the tables, so that the table entries has
// no column for checksums. REQUIRES: the tables of a cache.
Result<bool> LacksChecksums(const Connection& connection);

// Prepares a statement that reads the column `checksum`, or `e.checksum`: with
// NULL instead of it for such tables. REQUIRES: the tables of a cache.
Status PrepareForAnyBuild(const Connection& connection, std::string sql,
                          Statement& statement);

// Adds the column to such tables, in one transaction, in constant time; does
// nothing for others. The entries have no checksum then, and older builds can
// still use the database. Nothing has changed after a failure. REQUIRES: the
// tables of a cache.
Status AddChecksums(const Connection& connection);

// Rebuilds the indexes from the tables, and keeps all rows. Creates those that
// are missing. REQUIRES: a transaction that writes, on the tables of a cache.
Status RebuildIndexes(const Connection& connection);

Result<int64_t> ReadHashSeed(const Connection& connection);

}  // namespace appcache::store

#endif  // APPCACHE_ENGINE_STORE_SCHEMA_H_
