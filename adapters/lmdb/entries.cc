#include "adapters/lmdb/entries.h"

#include <algorithm>
#include <array>
#include <string>

#include "adapters/lmdb/numbers.h"
#include "adapters/lmdb/schema.h"

namespace appcache::lmdb {
namespace {

// A row of `order`.
class NumberKey {
 public:
  explicit NumberKey(uint64_t number) noexcept {
    StoreBig(number, bytes_.data());
  }
  std::string_view view() const noexcept {
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, 8> bytes_;
};

// A row of `ends`. The sign is turned, so that times before 1970 come first.
class EndKey {
 public:
  static constexpr size_t kBytes = 16;

  EndKey(TimePoint end, uint64_t number) noexcept {
    StoreBig(Turned(end), bytes_.data());
    StoreBig(number, bytes_.data() + 8);
  }
  std::string_view view() const noexcept {
    return {bytes_.data(), bytes_.size()};
  }

  static bool HasEnded(std::string_view key, TimePoint now) noexcept {
    return LoadBig(key.data()) <= Turned(now);
  }
  static std::string_view Number(std::string_view key) noexcept {
    return key.substr(8);
  }

 private:
  static uint64_t Turned(TimePoint time) noexcept {
    return static_cast<uint64_t>(time.time_since_epoch().count()) ^
           uint64_t { 1 } << 63;
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

// The first (MDB_FIRST) or last (MDB_LAST) row; MDB_NOTFOUND: there is none.
int FindEnd(MDB_txn* txn, MDB_dbi table, MDB_cursor_op end, MDB_val& key,
            MDB_val& data) {
  MDB_cursor* cursor = nullptr;
  int rc = mdb_cursor_open(txn, table, &cursor);
  if (rc != 0) return rc;
  rc = mdb_cursor_get(cursor, &key, &data, end);
  mdb_cursor_close(cursor);
  return rc;
}

}  // namespace

int Entries::NextNumber(uint64_t& number) const {
  MDB_val key;
  MDB_val data;
  const int rc = FindEnd(txn_, tables_.order, MDB_LAST, key, data);
  if (rc == MDB_NOTFOUND) {
    number = 1;
    return 0;
  }
  if (rc != 0) return rc;
  if (key.mv_size != sizeof(number)) return MDB_CORRUPTED;
  number = LoadBig(static_cast<const char*>(key.mv_data)) + 1;
  return 0;
}

int Entries::RemoveIndex(std::string_view record_bytes) {
  const std::optional<Record> record = DecodeRecord(record_bytes);
  if (!record) return 0;
  int rc = Erase(txn_, tables_.order, NumberKey(record->number).view());
  if (rc == 0 && record->ends_at) {
    rc = Erase(txn_, tables_.ends,
               EndKey(*record->ends_at, record->number).view());
  }
  return rc;
}

int Entries::Put(std::string_view path, std::string_view value,
                 std::optional<TimePoint> ends_at) {
  const EntryKey key(path);
  MDB_val old;
  int rc = Find(txn_, tables_.entries, key.view(), old);
  if (rc == 0) rc = RemoveIndex(ToView(old));
  if (rc != 0 && rc != MDB_NOTFOUND) return rc;

  Record record;
  if (key.is_hashed()) record.path = path;
  record.value = value;
  record.ends_at = ends_at;
  rc = NextNumber(record.number);
  if (rc != 0) return rc;
  MDB_val key_val = ToVal(key.view());
  MDB_val room = {RecordBytes(record), nullptr};
  rc = mdb_put(txn_, tables_.entries, &key_val, &room, MDB_RESERVE);
  if (rc != 0) return rc;
  EncodeRecord(record, static_cast<char*>(room.mv_data));

  rc = Store(txn_, tables_.order, NumberKey(record.number).view(), key.view(),
             MDB_APPEND);
  if (rc == 0 && ends_at) {
    rc = Store(txn_, tables_.ends, EndKey(*ends_at, record.number).view(), {},
               0);
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
  if (record && !key.IsOf(*record, path)) return 0;
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
  is_live = record && key.IsOf(*record, path) && !record->HasEnded(now);
  return 0;
}

int Entries::RemoveIfBegins(std::string_view key, std::string_view prefix,
                            uint64_t& removed) {
  MDB_val found;
  int rc = Find(txn_, tables_.entries, key, found);
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0) return rc;
  if (!PathBegins(key, ToView(found), prefix)) return 0;
  rc = RemoveIndex(ToView(found));
  if (rc == 0) rc = Erase(txn_, tables_.entries, key);
  if (rc == 0) ++removed;
  return rc;
}

int Entries::RemoveNumbered(std::string_view number, std::string_view key,
                            uint64_t& removed) {
  // Copies: they are in pages that the removal changes.
  const std::string own_number(number);
  const std::string own_key(key);
  MDB_val found;
  int rc = Find(txn_, tables_.entries, own_key, found);
  if (rc != 0 && rc != MDB_NOTFOUND) return rc;
  std::optional<Record> record;
  if (rc == 0) record = DecodeRecord(ToView(found));
  if (record && NumberKey(record->number).view() == own_number) {
    rc = RemoveIndex(ToView(found));
    if (rc == 0) rc = Erase(txn_, tables_.entries, own_key);
    if (rc == 0) ++removed;
    return rc;
  }
  // A damaged record has nobody else who would remove it.
  if (rc == 0 && !record) rc = Erase(txn_, tables_.entries, own_key);
  if (rc != 0 && rc != MDB_NOTFOUND) return rc;
  return Erase(txn_, tables_.order, own_number);
}

int Entries::RemoveOldest(bool& row, uint64_t& removed) {
  MDB_val number;
  MDB_val key;
  const int rc = FindEnd(txn_, tables_.order, MDB_FIRST, number, key);
  row = rc == 0;
  if (rc == MDB_NOTFOUND) return 0;
  return rc == 0 ? RemoveNumbered(ToView(number), ToView(key), removed) : rc;
}

int Entries::RemoveEnded(TimePoint now, int max, uint64_t& removed) {
  for (int i = 0; i < max; ++i) {
    MDB_val end;
    MDB_val nothing;
    int rc = FindEnd(txn_, tables_.ends, MDB_FIRST, end, nothing);
    if (rc == MDB_NOTFOUND) return 0;
    if (rc != 0) return rc;
    if (end.mv_size != EndKey::kBytes) return MDB_CORRUPTED;
    const std::string own_end(ToView(end));
    if (!EndKey::HasEnded(own_end, now)) return 0;
    MDB_val key;
    const std::string_view number = EndKey::Number(own_end);
    rc = Find(txn_, tables_.order, number, key);
    if (rc == 0) rc = RemoveNumbered(number, ToView(key), removed);
    if (rc != 0 && rc != MDB_NOTFOUND) return rc;
    // There still if it named no entry.
    rc = Erase(txn_, tables_.ends, own_end);
    if (rc != 0) return rc;
  }
  return 0;
}

int Entries::Clear() {
  // The main table last: then LMDB writes the rows of the other two again.
  for (const MDB_dbi table : {tables_.order, tables_.ends, tables_.entries}) {
    if (const int rc = mdb_drop(txn_, table, /*del=*/0); rc != 0) return rc;
  }
  return StoreSchema(txn_, tables_);
}

int Entries::LivePages(uint64_t& pages) const {
  constexpr MDB_dbi kFreePages = 0;  // LMDB's own table
  pages = 2;                         // that say where the tables are
  for (const MDB_dbi table :
       {kFreePages, tables_.entries, tables_.order, tables_.ends}) {
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
