// FindRecord: the record of a path, for reads; and RecordAs: what each kind of
// read returns of it.

#ifndef APPCACHE_ADAPTERS_LMDB_FIND_H_
#define APPCACHE_ADAPTERS_LMDB_FIND_H_

#include <lmdb.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "adapters/lmdb/entries.h"
#include "adapters/lmdb/environment.h"
#include "adapters/lmdb/record.h"
#include "adapters/lmdb/rows.h"
#include "adapters/lmdb/status.h"
#include "appcache/backend.h"
#include "appcache/bytes.h"
#include "appcache/clock.h"
#include "appcache/error.h"
#include "appcache/times.h"

namespace appcache::lmdb {

// False if the record has expired at `now`. If the clock was set back since it
// was written, changes it to one that was written `now`, and sets `is_ahead`.
// REQUIRES: the record expires.
inline bool IsLive(Record& record, TimePoint now, bool& is_ahead) noexcept {
  if (record.IsAhead(now)) [[unlikely]] {
    record.MoveBack(Difference(*record.written_at, now), now);
    is_ahead = true;
  }
  return !record.HasExpired(now);
}

// Calls `visit(record, now)` with the record of `path`, if there is one that
// has not expired. The record is valid during the call. `now` is the time of
// the check for expiry. The clock is read only for a record that expires; for
// others `now` has no meaning. If the clock was set back since the entry was
// written, the record is one that was written `now`, and `is_ahead` is set.
template <class Visit>
Status FindRecord(MDB_txn* txn, const Environment& environment,
                  const Clock& clock, std::string_view path, bool& is_ahead,
                  const Visit& visit) {
  const EntryKey key(path);
  MDB_val key_val = ToVal(key.view());
  MDB_val found;
  const int rc = mdb_get(txn, environment.tables().entries, &key_val, &found);
  if (rc == MDB_NOTFOUND) return Status();
  if (rc != 0) {
    return Failure(rc, "read from", environment.directory());
  }
  std::optional<Record> record = DecodeRecord(ToView(found));
  if (!record) {
    return Status(ErrorCode::kCorrupt,
                  "a record in the LMDB cache " + environment.directory() +
                      " is damaged or has another version; set or invalidate "
                      "its key");
  }
  if (!key.Matches(*record, path)) return Status();
  TimePoint now;
  if (record->expires_at) {
    now = clock.Now();
    if (!IsLive(*record, now, is_ahead)) return Status();
  }
  visit(*record, now);
  return Status();
}

// The result of a read of type V, from the arguments of FindRecord's `visit`.
template <class V>
V RecordAs(const Record& record, TimePoint now);

template <>
inline Bytes RecordAs(const Record& record, TimePoint) {
  return Bytes::Copy(record.value);
}

template <>
inline Ttl RecordAs(const Record& record, TimePoint now) {
  return record.expires_at ? std::chrono::ceil<Ttl>(*record.expires_at - now)
                           : kNoTtl;
}

template <>
inline TimedBytes RecordAs(const Record& record, TimePoint now) {
  return {RecordAs<Bytes>(record, now), RecordAs<Ttl>(record, now)};
}

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_FIND_H_
