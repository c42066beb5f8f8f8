#include "adapters/lmdb/prefix_removal.h"

#include <string>
#include <vector>

#include "adapters/lmdb/prefix_scan.h"
#include "adapters/lmdb/status.h"

namespace appcache::lmdb {
namespace {

using std::chrono::milliseconds;

// The next keys of the scan, perhaps none.
Status Find(Environment& environment, milliseconds busy_timeout,
            PrefixScan& scan, std::vector<std::string>& keys) {
  return environment.Read(busy_timeout, [&](MDB_txn* txn) {
    const int rc = scan.Next(txn, environment.tables(),
                             environment.limits().max_entries, keys);
    return rc == 0 ? Status()
                   : Failure(rc, "read from", environment.directory());
  });
}

// Looks at each once more: by now it may be another path's.
Change RemovalOf(const std::vector<std::string>& keys, std::string_view prefix,
                 uint64_t& count) {
  return {0, [&keys, prefix, &count](Entries& table, TimePoint) {
            count = 0;
            for (const std::string& key : keys) {
              const int rc = table.RemoveIfBegins(key, prefix, count);
              if (rc != 0) return rc;
            }
            return 0;
          }};
}

Change RemovalOfAll(uint64_t& count) {
  return {0, [&count](Entries& table, TimePoint) {
            const int rc = table.Count(count);
            return rc == 0 ? table.Clear() : rc;
          }};
}

}  // namespace

Status RemovePrefix(Environment& environment, const Clock& clock,
                    milliseconds busy_timeout, std::string_view prefix,
                    uint64_t& count, Removed& removed) {
  uint64_t in_one = 0;
  if (prefix.empty()) {
    Status status =
        Write(environment, clock, busy_timeout, RemovalOfAll(in_one), removed);
    if (status.ok()) count += in_one;
    return status;
  }
  PrefixScan scan(prefix);
  std::vector<std::string> keys;
  while (!scan.has_ended()) {
    keys.clear();
    Status status = Find(environment, busy_timeout, scan, keys);
    if (status.ok() && !keys.empty()) {
      status = Write(environment, clock, busy_timeout,
                     RemovalOf(keys, prefix, in_one), removed);
      if (status.ok()) count += in_one;
    }
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace appcache::lmdb
