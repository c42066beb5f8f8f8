#include "adapters/lmdb/prefix_scan.h"

#include <cassert>
#include <memory>

#include "adapters/lmdb/record.h"
#include "adapters/lmdb/rows.h"

namespace appcache::lmdb {
namespace {

// The most records that one step reads, which takes 2 to 3 ms.
constexpr size_t kRowsPerStep = 4096;

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const noexcept {
    mdb_cursor_close(cursor);
  }
};

}  // namespace

PrefixScan::PrefixScan(std::string_view prefix)
    : prefix_(prefix), range_(1, EntryKey::kHashedMark), from_(range_) {}

void PrefixScan::StartNextRange() {
  done_ =
      range_[0] == EntryKey::kPathMark || prefix_.size() >= EntryKey::kMaxBytes;
  if (done_) return;
  range_.assign(1, EntryKey::kPathMark).append(prefix_);
  from_ = range_;
}

int PrefixScan::Next(MDB_txn* txn, const Tables& tables, Visit visit) {
  assert(!done_);
  MDB_cursor* opened = nullptr;
  if (const int rc = mdb_cursor_open(txn, tables.entries, &opened); rc != 0) {
    return rc;
  }
  const std::unique_ptr<MDB_cursor, CloseCursor> cursor(opened);
  MDB_cursor_op step = MDB_SET_RANGE;
  bool wants_more = true;
  for (size_t rows = 0; rows < kRowsPerStep && wants_more && !done_; ++rows) {
    MDB_val key = ToVal(from_);
    MDB_val record;
    const int rc = mdb_cursor_get(cursor.get(), &key, &record, step);
    if (rc != 0 && rc != MDB_NOTFOUND) return rc;
    if (rc == MDB_NOTFOUND || !ToView(key).starts_with(range_)) {
      StartNextRange();
      step = MDB_SET_RANGE;
      continue;
    }
    if (PathStartsWith(ToView(key), ToView(record), prefix_)) {
      wants_more = visit(ToView(key), ToView(record));
    }
    // The least key after this one is this one followed by a NUL.
    from_.assign(ToView(key)).push_back('\0');
    step = MDB_NEXT;
  }
  return 0;
}

}  // namespace appcache::lmdb
