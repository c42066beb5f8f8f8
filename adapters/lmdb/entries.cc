#include "adapters/lmdb/entries.h"

#include <algorithm>
#include <string>

#include "adapters/lmdb/follow_clock.h"
#include "adapters/lmdb/rows.h"
#include "adapters/lmdb/schema.h"
#include "engine/support/byte_order.h"

namespace appcache::lmdb {

int Entries::NextSequence(uint64_t& sequence) const {
  MDB_val key;
  MDB_val data;
  const int rc = FindOutermost(txn_, tables_.order, MDB_LAST, key, data);
  sequence = first_sequence_;
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0) return rc;
  if (key.mv_size != sizeof(sequence)) return MDB_CORRUPTED;
  const auto last =
      internal::LoadBigEndian<uint64_t>(static_cast<const char*>(key.mv_data));
  sequence = std::max(sequence, last + 1);
  return 0;
}

int Entries::RemoveIndex(std::string_view record_bytes) {
  const std::optional<Record> record = DecodeHead(record_bytes);
  if (!record) return 0;
  int rc = Erase(txn_, tables_.order, SequenceKey(record->sequence).view());
  if (rc == 0 && record->expires_at) {
    rc = Erase(txn_, tables_.expiries,
               ExpiryKey(*record->expires_at, record->sequence).view());
  }
  return rc;
}

int Entries::Put(std::string_view path, std::string_view value,
                 TimePoint written_at, std::optional<TimePoint> expires_at) {
  const EntryKey key(path);
  MDB_val old;
  int rc = Find(txn_, tables_.entries, key.view(), old);
  if (rc == 0) rc = RemoveIndex(ToView(old));
  if (rc != 0 && rc != MDB_NOTFOUND) return rc;

  Record record;
  if (key.is_hashed()) record.path = path;
  record.value = value;
  record.expires_at = expires_at;
  if (expires_at) record.written_at = written_at;
  rc = NextSequence(record.sequence);
  if (rc != 0) return rc;
  MDB_val key_val = ToVal(key.view());
  MDB_val room = {RecordBytes(record), nullptr};
  rc = mdb_put(txn_, tables_.entries, &key_val, &room, MDB_RESERVE);
  if (rc != 0) return rc;
  EncodeRecord(record, static_cast<char*>(room.mv_data));

  rc = Store(txn_, tables_.order, SequenceKey(record.sequence).view(),
             key.view(), MDB_APPEND);
  if (rc == 0 && expires_at) {
    rc = Store(txn_, tables_.expiries,
               ExpiryKey(*expires_at, record.sequence).view(), {}, 0);
  }
  return rc;
}

int Entries::SetExpiry(std::string_view path, TimePoint now,
                       std::optional<TimePoint> expires_at,
                       uint64_t max_record_bytes, bool& found,
                       uint64_t& record_bytes) {
  const EntryKey key(path);
  MDB_val old;
  const int rc = Find(txn_, tables_.entries, key.view(), old);
  found = false;
  record_bytes = 0;
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0) return rc;
  const std::optional<Record> record = DecodeRecord(ToView(old));
  found = record && key.Matches(*record, path) && !record->HasExpired(now);
  if (!found) return 0;
  Record changed = *record;
  changed.expires_at = expires_at;
  record_bytes = RecordBytes(changed);
  if (record_bytes > max_record_bytes) return 0;
  // A copy, because the write changes the pages that the record refers to.
  const std::string value(record->value);
  return Put(path, value, now, expires_at);
}

int Entries::Remove(std::string_view path) {
  const EntryKey key(path);
  MDB_val found;
  int rc = Find(txn_, tables_.entries, key.view(), found);
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0) return rc;
  const std::optional<Record> record = DecodeHead(ToView(found));
  if (record && !key.Matches(*record, path)) return 0;
  rc = RemoveIndex(ToView(found));
  return rc == 0 ? Erase(txn_, tables_.entries, key.view()) : rc;
}

int Entries::IsLive(std::string_view path, TimePoint now, bool& is_live) const {
  const EntryKey key(path);
  MDB_val found;
  const int rc = Find(txn_, tables_.entries, key.view(), found);
  is_live = false;
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0) return rc;
  const std::optional<Record> record = DecodeRecord(ToView(found));
  is_live = record && key.Matches(*record, path) && !record->HasExpired(now);
  return 0;
}

int Entries::RemoveIfPathStartsWith(std::string_view key,
                                    std::string_view prefix,
                                    uint64_t& removed) {
  MDB_val found;
  int rc = Find(txn_, tables_.entries, key, found);
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0) return rc;
  if (!PathStartsWith(key, ToView(found), prefix)) return 0;
  rc = RemoveIndex(ToView(found));
  if (rc == 0) rc = Erase(txn_, tables_.entries, key);
  if (rc == 0) ++removed;
  return rc;
}

int Entries::RemoveOrdered(std::string_view sequence, std::string_view key,
                           uint64_t& removed) {
  // Copies, because the removal changes the pages that the views refer to.
  const std::string own_sequence(sequence);
  const std::string own_key(key);
  MDB_val found;
  int rc = Find(txn_, tables_.entries, own_key, found);
  if (rc != 0 && rc != MDB_NOTFOUND) return rc;
  std::optional<Record> record;
  if (rc == 0) record = DecodeHead(ToView(found));
  if (record && SequenceKey(record->sequence).view() == own_sequence) {
    rc = RemoveIndex(ToView(found));
    if (rc == 0) rc = Erase(txn_, tables_.entries, own_key);
    if (rc == 0) ++removed;
    return rc;
  }
  // Nothing else removes a damaged record.
  if (rc == 0 && !record) rc = Erase(txn_, tables_.entries, own_key);
  if (rc != 0 && rc != MDB_NOTFOUND) return rc;
  return Erase(txn_, tables_.order, own_sequence);
}

int Entries::RemoveOldest(bool& row_found, uint64_t& removed) {
  MDB_val sequence;
  MDB_val key;
  const int rc = FindOutermost(txn_, tables_.order, MDB_FIRST, sequence, key);
  row_found = rc == 0;
  if (rc == MDB_NOTFOUND) return 0;
  return rc == 0 ? RemoveOrdered(ToView(sequence), ToView(key), removed) : rc;
}

int Entries::RemoveExpired(TimePoint now, int max, uint64_t& removed) {
  for (int i = 0; i < max; ++i) {
    MDB_val expiry;
    MDB_val nothing;
    int rc = FindOutermost(txn_, tables_.expiries, MDB_FIRST, expiry, nothing);
    if (rc == MDB_NOTFOUND) return 0;
    if (rc != 0) return rc;
    if (expiry.mv_size != ExpiryKey::kBytes) return MDB_CORRUPTED;
    const std::string own_expiry(ToView(expiry));
    if (!ExpiryKey::HasExpired(own_expiry, now)) return 0;
    MDB_val key;
    const std::string_view sequence = ExpiryKey::Sequence(own_expiry);
    rc = Find(txn_, tables_.order, sequence, key);
    if (rc == 0) rc = RemoveOrdered(sequence, ToView(key), removed);
    if (rc != 0 && rc != MDB_NOTFOUND) return rc;
    // The row still exists if it named no entry.
    rc = Erase(txn_, tables_.expiries, own_expiry);
    if (rc != 0) return rc;
  }
  return 0;
}

int Entries::Clear() {
  // Clearing the main table also removes the names of the other two from it.
  // LMDB writes them again at the commit, because it changed those tables.
  for (const MDB_dbi table :
       {tables_.order, tables_.expiries, tables_.entries}) {
    if (const int rc = mdb_drop(txn_, table, /*del=*/0); rc != 0) return rc;
  }
  return StoreSchema(txn_, tables_);
}

int Entries::LivePages(uint64_t& pages) const {
  constexpr MDB_dbi kFreePages = 0;  // LMDB's own table
  pages = 2;                         // the meta pages
  for (const MDB_dbi table :
       {kFreePages, tables_.entries, tables_.order, tables_.expiries}) {
    MDB_stat stat;
    if (const int rc = mdb_stat(txn_, table, &stat); rc != 0) return rc;
    pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
  }
  return 0;
}

int Entries::Count(uint64_t& entries) const {
  MDB_stat stat;
  int rc = mdb_stat(txn_, tables_.entries, &stat);
  MDB_val time;
  if (rc == 0) rc = Find(txn_, tables_.entries, kTimeKey, time);
  const uint64_t others = Tables::kOtherRows + (rc == 0 ? 1 : 0);
  if (rc == MDB_NOTFOUND) rc = 0;
  if (rc == 0) entries = stat.ms_entries - std::min(stat.ms_entries, others);
  return rc;
}

}  // namespace appcache::lmdb
