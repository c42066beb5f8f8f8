#include "adapters/lmdb/prefix_removal.h"

#include <string>
#include <vector>

#include "adapters/lmdb/prefix_scan.h"
#include "adapters/lmdb/status.h"

namespace appcache::lmdb {
namespace {

// Sets `keys` to the next keys of the scan, perhaps none.
Status FindKeys(const Writer& writer, PrefixScan& scan,
                std::vector<std::string>& keys) {
  Environment& environment = writer.environment();
  keys.clear();
  return environment.Read(writer.busy_timeout(), [&](MDB_txn* txn) {
    const int rc = scan.Next(
        txn, environment.tables(), [&](std::string_view key, std::string_view) {
          keys.emplace_back(key);
          return keys.size() < environment.limits().max_entries;
        });
    return rc == 0 ? Status()
                   : Failure(rc, "read from", environment.directory());
  });
}

// Removes the entries of `keys` in one transaction. Compares their paths with
// `prefix` again, because since the scan another path may have taken a key.
Status RemoveKeys(Writer& writer, const std::vector<std::string>& keys,
                  std::string_view prefix, uint64_t& removed) {
  uint64_t count = 0;
  Status status =
      writer.Apply({0, [&keys, prefix, &count](Entries& table, TimePoint) {
                      count = 0;
                      for (const std::string& key : keys) {
                        const int rc =
                            table.RemoveIfPathStartsWith(key, prefix, count);
                        if (rc != 0) return rc;
                      }
                      return 0;
                    }});
  if (status.ok()) removed += count;
  return status;
}

Status RemoveAll(Writer& writer, uint64_t& removed) {
  uint64_t count = 0;
  Status status = writer.Apply({0, [&count](Entries& table, TimePoint) {
                                  const int rc = table.Count(count);
                                  return rc == 0 ? table.Clear() : rc;
                                }});
  if (status.ok()) removed += count;
  return status;
}

}  // namespace

Status RemovePrefix(Writer& writer, std::string_view prefix,
                    uint64_t& removed) {
  if (prefix.empty()) return RemoveAll(writer, removed);
  PrefixScan scan(prefix);
  std::vector<std::string> keys;
  while (!scan.is_done()) {
    Status status = FindKeys(writer, scan, keys);
    if (status.ok() && !keys.empty()) {
      status = RemoveKeys(writer, keys, prefix, removed);
    }
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace appcache::lmdb
