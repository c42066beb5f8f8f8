#include "adapters/lmdb/follow_clock.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "adapters/lmdb/record.h"
#include "adapters/lmdb/rows.h"
#include "engine/support/byte_order.h"

namespace appcache::lmdb {
namespace {

using std::chrono::microseconds;

// `latest` is not written more often than this.
constexpr std::chrono::seconds kResolution(1);

// The most entries that one transaction examines, and the most bytes of records
// that it writes, unless a single one has more.
constexpr uint64_t kMaxRows = 1024;
constexpr uint64_t kMaxBytes = uint64_t{4} << 20;

// The row: the three numbers of TimeRow and their checksum, little-endian.
constexpr size_t kNumbersBytes = 24;
constexpr size_t kRowBytes = kNumbersBytes + 4;

TimePoint LoadTime(const char* from) noexcept {
  return TimePoint(microseconds(internal::LoadLittleEndian<int64_t>(from)));
}

void StoreTime(TimePoint time, char* to) noexcept {
  internal::StoreLittleEndian<int64_t>(time.time_since_epoch().count(), to);
}

int StoreTimeRow(MDB_txn* txn, const Tables& tables, const TimeRow& row) {
  std::array<char, kRowBytes> bytes;
  StoreTime(row.latest, bytes.data());
  StoreTime(row.corrected_at, bytes.data() + 8);
  internal::StoreLittleEndian<uint64_t>(row.corrected, bytes.data() + 16);
  internal::StoreLittleEndian<uint32_t>(Checksum({bytes.data(), kNumbersBytes}),
                                        bytes.data() + kNumbersBytes);
  return Store(txn, tables.entries, kTimeKey, {bytes.data(), bytes.size()}, 0);
}

// Corrects entries in the order of their sequence numbers.
class Correction {
 public:
  Correction(MDB_txn* txn, const Tables& tables, const Limits& limits,
             TimePoint now, TimeRow& row)
      : txn_(txn),
        tables_(tables),
        max_rows_(std::min(kMaxRows, limits.max_entries)),
        max_bytes_(std::min(kMaxBytes, limits.max_record_bytes)),
        now_(now),
        row_(row) {}

  int Run() {
    // Clocks of processes that correct in turns may differ a little.
    if (Difference(row_.corrected_at, now_) > kResolution) {
      row_.corrected = 0;
      row_.corrected_at = now_;
    }
    row_.corrected_at = std::max(row_.corrected_at, now_);
    MDB_cursor* opened = nullptr;
    int rc = mdb_cursor_open(txn_, tables_.order, &opened);
    if (rc != 0) return rc;
    const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> cursor(
        opened, mdb_cursor_close);
    const SequenceKey first(row_.corrected + 1);
    MDB_val sequence = ToVal(first.view());
    MDB_val key;
    rc = mdb_cursor_get(opened, &sequence, &key, MDB_SET_RANGE);
    for (uint64_t rows = 0; rc == 0; ++rows) {
      if (rows == max_rows_ || bytes_ >= max_bytes_) return 0;
      if (sequence.mv_size != sizeof(uint64_t)) return MDB_CORRUPTED;
      const auto number = internal::LoadBigEndian<uint64_t>(
          static_cast<const char*>(sequence.mv_data));
      rc = CorrectEntry(number, std::string(ToView(key)));
      if (rc != 0) return rc;
      row_.corrected = number;
      rc = mdb_cursor_get(opened, &sequence, &key, MDB_NEXT);
    }
    if (rc != MDB_NOTFOUND) return rc;
    row_.latest = now_;
    return 0;
  }

 private:
  int CorrectEntry(uint64_t number, const std::string& key) {
    MDB_val found;
    const int rc = Find(txn_, tables_.entries, key, found);
    if (rc != 0) return rc == MDB_NOTFOUND ? 0 : rc;
    std::optional<Record> record = DecodeHead(ToView(found));
    if (!record || record->sequence != number || !record->expires_at) return 0;
    if (record->written_at && !record->IsAhead(now_)) return 0;
    const TimePoint written = record->written_at.value_or(row_.latest);
    const TimePoint expired_at = *record->expires_at;
    // A record is written with a checksum of its value, which must not make a
    // damaged value a sound one.
    record = DecodeRecord(ToView(found));
    if (!record) return Erase(txn_, tables_.entries, key);
    record->MoveBack(Difference(written, now_), now_);
    return Replace(*record, key, expired_at);
  }

  int Replace(const Record& record, const std::string& key,
              TimePoint old_expiry) {
    // The record refers to the bytes that it replaces.
    std::string bytes(RecordBytes(record), '\0');
    EncodeRecord(record, bytes.data());
    const auto expiry = *record.expires_at;
    const uint64_t sequence = record.sequence;
    bytes_ += bytes.size();
    int rc =
        Erase(txn_, tables_.expiries, ExpiryKey(old_expiry, sequence).view());
    if (rc == 0) rc = Store(txn_, tables_.entries, key, bytes, 0);
    if (rc != 0) return rc;
    return Store(txn_, tables_.expiries, ExpiryKey(expiry, sequence).view(), {},
                 0);
  }

  MDB_txn* const txn_;
  const Tables& tables_;
  const uint64_t max_rows_;
  const uint64_t max_bytes_;
  const TimePoint now_;
  TimeRow& row_;
  uint64_t bytes_ = 0;  // of the records that were written
};

}  // namespace

bool TimeRow::IsAhead(TimePoint now) const noexcept {
  return Difference(latest, now) > kClockTolerance;
}

int LoadTimeRow(MDB_txn* txn, const Tables& tables,
                std::optional<TimeRow>& row) {
  row.reset();
  MDB_val found;
  const int rc = Find(txn, tables.entries, kTimeKey, found);
  if (rc == MDB_NOTFOUND) return 0;
  if (rc != 0 || found.mv_size != kRowBytes) return rc;
  const char* const bytes = static_cast<const char*>(found.mv_data);
  if (internal::LoadLittleEndian<uint32_t>(bytes + kNumbersBytes) !=
      Checksum({bytes, kNumbersBytes})) {
    return 0;
  }
  row = {LoadTime(bytes), LoadTime(bytes + 8),
         internal::LoadLittleEndian<uint64_t>(bytes + 16)};
  return 0;
}

int FollowClock(MDB_txn* txn, const Tables& tables, const Limits& limits,
                TimePoint now, TimeRow& row, bool& corrects) {
  const bool may_correct = std::exchange(corrects, false);
  std::optional<TimeRow> stored;
  int rc = LoadTimeRow(txn, tables, stored);
  if (rc != 0) return rc;
  row = stored.value_or(TimeRow{now, now, 0});
  if (row.IsAhead(now)) {
    if (!may_correct) return 0;
    corrects = true;
    rc = Correction(txn, tables, limits, now, row).Run();
    if (rc != 0) return rc;
  } else if (stored && Difference(now, row.latest) < kResolution) {
    return 0;
  } else {
    row.latest = std::max(row.latest, now);
  }
  return StoreTimeRow(txn, tables, row);
}

}  // namespace appcache::lmdb
