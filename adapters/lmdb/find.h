// The record of a path, as a read finds it, and what the read makes of it.

#ifndef APPCACHE_ADAPTERS_LMDB_FIND_H_
#define APPCACHE_ADAPTERS_LMDB_FIND_H_

#include <lmdb.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "adapters/lmdb/entries.h"
#include "adapters/lmdb/environment.h"
#include "adapters/lmdb/record.h"
#include "adapters/lmdb/status.h"
#include "engine/bytes.h"
#include "engine/cache.h"
#include "engine/clock.h"
#include "engine/error.h"

namespace appcache::lmdb {

// Calls `use(record, now)` with the record of `path`, if there is one whose ttl
// has not ended. It is good until `use` returns. `now` is when it was looked
// at; only of one that ends, for the clock is asked only if it matters.
template <class Use>
Status WithRecord(MDB_txn* txn, const Environment& environment,
                  const Clock& clock, std::string_view path, const Use& use) {
  const EntryKey key(path);
  MDB_val key_val = ToVal(key.view());
  MDB_val found;
  const int rc = mdb_get(txn, environment.tables().entries, &key_val, &found);
  if (rc == MDB_NOTFOUND) return Status();
  if (rc != 0) {
    return Failure(rc, "read from", environment.directory());
  }
  const std::optional<Record> record = DecodeRecord(ToView(found));
  if (!record) {
    return Status(ErrorCode::kCorrupt,
                  "a record in " + environment.directory() +
                      " is damaged, or of another version; set it anew, or "
                      "invalidate it");
  }
  if (!key.IsOf(*record, path)) return Status();
  TimePoint now;
  if (record->ends_at) {
    now = clock.Now();
    if (record->HasEnded(now)) return Status();
  }
  use(*record, now);
  return Status();
}

// What a read of that type yields of a record that WithRecord has found.
template <class V>
V ReadAs(const Record& record, TimePoint now);

template <>
inline Bytes ReadAs(const Record& record, TimePoint) {
  return Bytes::Copy(record.value);
}

template <>
inline Ttl ReadAs(const Record& record, TimePoint now) {
  return record.ends_at ? std::chrono::ceil<Ttl>(*record.ends_at - now)
                        : kNoTtl;
}

template <>
inline TimedBytes ReadAs(const Record& record, TimePoint now) {
  return {ReadAs<Bytes>(record, now), ReadAs<Ttl>(record, now)};
}

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_FIND_H_
