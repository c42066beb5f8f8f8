// PrefixScan: the keys of entries whose path begins with some bytes.
//
// Keys that are paths are in the order of their bytes: those are one range. Of
// hashed keys only the records say whose they are: all of them are looked at.

#ifndef APPCACHE_ADAPTERS_LMDB_PREFIX_SCAN_H_
#define APPCACHE_ADAPTERS_LMDB_PREFIX_SCAN_H_

#include <lmdb.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/lmdb/entries.h"

namespace appcache::lmdb {

// Not thread-safe.
class PrefixScan {
 public:
  // What `prefix` is a view of must outlive this object.
  explicit PrefixScan(std::string_view prefix);

  // Adds those of the next entries whose path begins so to `keys`, at most
  // `max` of them and often none, within a read transaction. Looks at few
  // enough that its pages are not kept for long. LMDB's code. Throws
  // std::bad_alloc.
  int Next(MDB_txn* txn, const Tables& tables, size_t max,
           std::vector<std::string>& keys);

  bool has_ended() const noexcept { return ended_; }

 private:
  void BeginNextRange();

  const std::string_view prefix_;
  std::string range_;  // what the keys begin with that are looked at
  std::string from_;   // and the least of them that was not looked at
  bool ended_ = false;
};

}  // namespace appcache::lmdb

#endif  // APPCACHE_ADAPTERS_LMDB_PREFIX_SCAN_H_
