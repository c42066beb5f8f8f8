#include "adapters/lmdb/entries.h"

#include <algorithm>
#include <array>
#include <string>

#include "adapters/lmdb/schema.h"
#include "engine/support/byte_order.h"

namespace appcache::lmdb {
namespace {

using internal::LoadBigEndian;
using internal::StoreBigEndian;

// Keys are big-endian, so that LMDB sorts them by their numbers.

// A key of `order`.
class SequenceKey {
 public:
  explicit SequenceKey(uint64_t sequence) noexcept {
    StoreBigEndian<uint64_t>(sequence, bytes_.data());
  }
  std::string_view view() const noexcept {
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, 8> bytes_;
};

// A key of `expiries`.
class ExpiryKey {
 public:
  static constexpr size_t kBytes = 16;

  ExpiryKey(TimePoint expires_at, uint64_t sequence) noexcept {
    StoreBigEndian<uint64_t>(Sortable(expires_at), bytes_.data());
    StoreBigEndian<uint64_t>(sequence, bytes_.data() + 8);
  }
  std::string_view view() const noexcept {
    return {bytes_.data(), bytes_.size()};
  }

  static bool HasExpired(std::string_view key, TimePoint now) noexcept {
    return LoadBigEndian<uint64_t>(key.data()) <= Sortable(now);
  }
  static std::string_view Sequence(std::string_view key) noexcept {
    return key.substr(8);
  }

 private:
  // Flips the sign bit, so that times before 1970 sort first.
  static uint64_t Sortable(TimePoint time) noexcept {
    constexpr uint64_t kSignBit = uint64_t{1} << 63;
    return static_cast<uint64_t>(time.time_since_epoch().count()) ^ kSignBit;
  }

  std::array<char, kBytes> bytes_;
};

int Find(MDB_txn* txn, MDB_dbi table, std::string_view key, MDB_val& data) {
  MDB_val key_val = ToVal(key);
  return mdb_get(txn, table, &key_val, &data);
}

int Store(MDB_txn* txn, MDB_dbi table, std::string_view key,
          std::string_view data, unsigned flags) {
  MDB_val key_val = ToVal(key);
  MDB_val data_val = ToVal(data);
  return mdb_put(txn, table, &key_val, &data_val, flags);
}

// Success also when there is no such row.
int Erase(MDB_txn* txn, MDB_dbi table, std::string_view key) {
  MDB_val key_val = ToVal(key);
  const int rc = mdb_del(txn, table, &key_val, nullptr);
  return rc == MDB_NOTFOUND ? 0 : rc;
}

// Finds the first (MDB_FIRST) or last (MDB_LAST) row; MDB_NOTFOUND if the table
// is empty.
int FindOutermost(MDB_txn* txn, MDB_dbi table, MDB_cursor_op which,
                  MDB_val& key, MDB_val& data) {
  MDB_cursor* cursor = nullptr;
  int rc = mdb_cursor_open(txn, table, &cursor);
  if (rc != 0) return rc;
  rc = mdb_cursor_get(cursor, &key, &data, which);
  mdb_cursor_close(cursor);
  return rc;
}

}  // namespace

int Entries::NextSequence(uint64_t& sequence) const {
  MDB_val key;
  MDB_val data;
  const int rc = FindOutermost(txn_, tables_.order, MDB_LAST, key, data);
  if (rc == MDB_NOTFOUND) {
    sequence = 1;
    return 0;
  }
  if (rc != 0) return rc;
  if (key.mv_size != sizeof(sequence)) return MDB_CORRUPTED;
  sequence = LoadBigEndian<uint64_t>(static_cast<const char*>(key.mv_data)) + 1;
  return 0;
}

int Entries::RemoveIndex(std::string_view record_bytes) {
  const std::optional<Record> record = DecodeRecord(record_bytes);
  if (!record) return 0;
  int rc = Erase(txn_, tables_.order, SequenceKey(record->sequence).view());
  if (rc == 0 && record->expires_at) {
    rc = Erase(txn_, tables_.expiries,
               ExpiryKey(*record->expires_at, record->sequence).view());
  }
  return rc;
}

int Entries::Put(std::string_view path, std::string_view value,
                 std::optional<TimePoint> expires_at) {
  const EntryKey key(path);
  MDB_val old;
  int rc = Find(txn_, tables_.entries, key.view(), old);
  if (rc == 0) rc = RemoveIndex(ToView(old));
  if (rc != 0 && rc != MDB_NOTFOUND) return rc;

  Record record;
  if (key.is_hashed()) record.path = path;
  record.value = value;
  record.expires_at = expires_at;
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

int Entries::Remove(std::string_view path) {
  const EntryKey key(path);
  MDB_val found;
  int rc = Find(txn_, tables_.entries, key.view(), found);
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0) return rc;
  const std::optional<Record> record = DecodeRecord(ToView(found));
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
  if (rc == 0) record = DecodeRecord(ToView(found));
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
  const int rc = mdb_stat(txn_, tables_.entries, &stat);
  if (rc == 0) {
    entries = stat.ms_entries -
              std::min<uint64_t>(stat.ms_entries, Tables::kOtherRows);
  }
  return rc;
}

}  // namespace appcache::lmdb
