// PrefixScan: finds the entries whose path starts with a prefix.
//
// Keys that contain their path are sorted by it: those with the prefix are one
// range. Of hashed keys only the records have the path, so the scan examines
// all of those.

#ifndef APPCACHE_ADAPTERS_LMDB_PREFIX_SCAN_H_
#define APPCACHE_ADAPTERS_LMDB_PREFIX_SCAN_H_

#include <lmdb.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/lmdb/tables.h"
#include "appcache/function_ref.h"

namespace appcache::lmdb {

// Not thread-safe.
class PrefixScan {
 public:
  // The bytes of `prefix` must outlive this object.
  explicit PrefixScan(std::string_view prefix);

  // Receives the key and the record of an entry, which are valid during the
  // call. Returns false when the step has found enough.
  using Visit =
      FunctionRef<bool(std::string_view key, std::string_view record)>;

  // Examines the next entries, within a read transaction, and visits those
  // whose path starts with the prefix, often none. Examines few enough entries
  // that the transaction stays short. Returns LMDB's code. Throws
  // std::bad_alloc. REQUIRES: !is_done().
  int Next(MDB_txn* txn, const Tables& tables, Visit visit);

  bool is_done() const noexcept { return done_; }

 private:
  void StartNextRange();

  const std::string_view prefix_;
  std::string range_;  // the keys to examine start with this
  std::string from_;   // the least key that was not examined yet
  bool done_ = false;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_PREFIX_SCAN_H_
