// The rows of the tables of a cache: their keys, and the operations on them.
// Results are LMDB's codes.

#ifndef APPCACHE_ADAPTERS_LMDB_ROWS_H_
#define APPCACHE_ADAPTERS_LMDB_ROWS_H_

#include <lmdb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "appcache/times.h"
#include "engine/support/byte_order.h"

namespace appcache::lmdb {

inline MDB_val ToVal(std::string_view bytes) noexcept {
  return {bytes.size(), const_cast<char*>(bytes.data())};
}
inline std::string_view ToView(const MDB_val& val) noexcept {
  return {static_cast<const char*>(val.mv_data), val.mv_size};
}

// Keys are big-endian, so that LMDB sorts them by their numbers.

// A key of `order`.
class SequenceKey {
 public:
  explicit SequenceKey(uint64_t sequence) noexcept {
    internal::StoreBigEndian<uint64_t>(sequence, bytes_.data());
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
    internal::StoreBigEndian<uint64_t>(Sortable(expires_at), bytes_.data());
    internal::StoreBigEndian<uint64_t>(sequence, bytes_.data() + 8);
  }
  std::string_view view() const noexcept {
    return {bytes_.data(), bytes_.size()};
  }

  static bool HasExpired(std::string_view key, TimePoint now) noexcept {
    return internal::LoadBigEndian<uint64_t>(key.data()) <= Sortable(now);
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

inline int Find(MDB_txn* txn, MDB_dbi table, std::string_view key,
                MDB_val& data) {
  MDB_val key_val = ToVal(key);
  return mdb_get(txn, table, &key_val, &data);
}

inline int Store(MDB_txn* txn, MDB_dbi table, std::string_view key,
                 std::string_view data, unsigned flags) {
  MDB_val key_val = ToVal(key);
  MDB_val data_val = ToVal(data);
  return mdb_put(txn, table, &key_val, &data_val, flags);
}

// Success also when there is no such row.
inline int Erase(MDB_txn* txn, MDB_dbi table, std::string_view key) {
  MDB_val key_val = ToVal(key);
  const int rc = mdb_del(txn, table, &key_val, nullptr);
  return rc == MDB_NOTFOUND ? 0 : rc;
}

// Finds the first (MDB_FIRST) or last (MDB_LAST) row; MDB_NOTFOUND if the table
// is empty.
inline int FindOutermost(MDB_txn* txn, MDB_dbi table, MDB_cursor_op which,
                         MDB_val& key, MDB_val& data) {
  MDB_cursor* cursor = nullptr;
  int rc = mdb_cursor_open(txn, table, &cursor);
  if (rc != 0) return rc;
  rc = mdb_cursor_get(cursor, &key, &data, which);
  mdb_cursor_close(cursor);
  return rc;
}

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_ROWS_H_
